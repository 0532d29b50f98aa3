package io.twinloop.benchmarks;

import io.twinloop.multijvm.NodeProcess;
import java.io.IOException;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/**
 * Two nodes that differ in nothing but the door: one asks nobody who they are, limits nothing and
 * keeps no audit; the other checks a token, counts each request and audits each change.
 */
final class DoorNodes {

  private static final String SECRET = "a secret of the benchmark, of 32 bytes and more";
  private static final int SAMPLES = 12;
  private static final Duration PATIENCE = Duration.ofSeconds(30);

  private final NodeProcess process;
  private final String authorization;
  private final HttpClient http = HttpClient.newHttpClient();

  private DoorNodes(NodeProcess process, String authorization) {
    this.process = process;
    this.authorization = authorization;
  }

  /** The node without any of it. */
  static DoorNodes open(NodeProcess process) {
    return new DoorNodes(process.withJvmOption("-Dtwinloop.audit.enabled=false").start(), "");
  }

  /** The node with all of it; nobody comes near its limits. */
  static DoorNodes guarded(NodeProcess process) {
    return new DoorNodes(
        process
            .with("TWINLOOP_JWT_SECRET", SECRET)
            .withJvmOption("-Dtwinloop.limits.when=always")
            .withJvmOption("-Dtwinloop.limits.usual.requests=1000000000")
            .start(),
        "Authorization: Bearer " + token() + "\r\n");
  }

  /** Defines KPIs. */
  void define(List<String> kpiIds) throws IOException, InterruptedException {
    for (String id : kpiIds) {
      HttpRequest.Builder request =
          HttpRequest.newBuilder(process.url().resolve("/api/v1/kpis/" + id))
              .timeout(PATIENCE)
              .header("Content-Type", "application/json")
              .PUT(
                  HttpRequest.BodyPublishers.ofString(
                      "{\"name\":\"%s\",\"unit\":\"1\"}".formatted(id)));
      if (!authorization.isEmpty()) {
        request.header("Authorization", "Bearer " + token());
      }
      HttpResponse<String> answer =
          http.send(request.build(), HttpResponse.BodyHandlers.ofString());
      if (answer.statusCode() / 100 != 2) {
        throw new IllegalStateException("A KPI was answered " + answer.body());
      }
    }
  }

  /** Sends one sample in band a request, to the KPIs in turn. */
  Load.Generator commands(Load load, List<String> kpiIds, int connections) throws IOException {
    List<byte[]> requests = new ArrayList<>();
    for (int i = 0; i < kpiIds.size() * SAMPLES; i++) {
      String body = "{\"value\":" + (100 + i * 0.6180339887 % 1) + "}";
      requests.add(
          HttpLoad.request(
              "POST",
              "/api/v1/kpis/" + kpiIds.get(i % kpiIds.size()) + "/samples",
              authorization,
              body.getBytes(StandardCharsets.UTF_8)));
    }
    return HttpLoad.start(load, process.port(), connections, BenchNode.inTurn(requests));
  }

  /** A token as the product takes it, RFC 7519 with HS256. */
  private static String token() {
    String claims =
        """
        {"iss":"pilotpros-backend","aud":["pilotpros-bi"],"exp":%d,"userId":"bench","email":\
        "bench@example.org","role":"twin_admin"}"""
            .formatted(Instant.now().plus(Duration.ofHours(12)).getEpochSecond());
    String signed = encoded("{\"alg\":\"HS256\",\"typ\":\"JWT\"}") + "." + encoded(claims);
    try {
      Mac mac = Mac.getInstance("HmacSHA256");
      mac.init(new SecretKeySpec(SECRET.getBytes(StandardCharsets.UTF_8), "HmacSHA256"));
      byte[] signature = mac.doFinal(signed.getBytes(StandardCharsets.US_ASCII));
      return signed + "." + Base64.getUrlEncoder().withoutPadding().encodeToString(signature);
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("Every Java has HmacSHA256", e);
    }
  }

  private static String encoded(String text) {
    return Base64.getUrlEncoder()
        .withoutPadding()
        .encodeToString(text.getBytes(StandardCharsets.UTF_8));
  }
}
