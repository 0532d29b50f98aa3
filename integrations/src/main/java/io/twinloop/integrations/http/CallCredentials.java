package io.twinloop.integrations.http;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import io.twinloop.domain.Secret;
import io.twinloop.domain.workflow.Credential;
import io.twinloop.domain.workflow.HttpAnswer;
import io.twinloop.domain.workflow.HttpCall;
import io.twinloop.domain.workflow.SecretRef;
import io.twinloop.domain.workflow.WorkflowError;
import io.twinloop.integrations.secrets.SiteSecrets;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What one call proves itself with: the secrets its workflow names, looked up now, and forgotten
 * with the call. What was looked up is also taken out of the answer, lest a server that repeats
 * what it was sent brings it into history.
 */
final class CallCredentials {

  private static final ObjectMapper JSON = JsonMapper.builder().build();
  private static final String TOKEN = "token";
  private static final String HIDDEN = "***";

  /** Shorter texts would be found in many an answer by chance. */
  private static final int SHORTEST_HIDDEN = 8;

  private final SiteSecrets secrets;
  private final String host;
  private final Map<String, String> headers = new LinkedHashMap<>();
  private final List<String> revealed = new ArrayList<>();

  private CallCredentials(SiteSecrets secrets, String host) {
    this.secrets = secrets;
    this.host = host;
  }

  /**
   * The credentials of a call; throws with the name of a secret that is not known or may not go
   * where the call goes.
   */
  static CallCredentials of(HttpCall call, SiteSecrets secrets) {
    CallCredentials credentials =
        new CallCredentials(secrets, String.valueOf(call.endpoint().getHost()));
    if (call.authentication() instanceof HttpCall.Basic basic) {
      boolean secret = namesSecrets(call);
      // A user's name is no secret, and hidden it would tear holes into answers that speak of it.
      String pair =
          credentials.text(basic.username(), null)
              + ":"
              + credentials.hidden(basic.password(), credentials.text(basic.password(), null));
      String encoded = secret ? credentials.hidden(base64(pair)) : base64(pair);
      credentials.headers.put("authorization", "Basic " + encoded);
    }
    if (call.authentication() instanceof HttpCall.Bearer bearer) {
      String token = credentials.text(bearer.token(), TOKEN);
      credentials.headers.put(
          "authorization", "Bearer " + credentials.hidden(bearer.token(), token));
    }
    if (call.secretHeaders() != null) {
      call.secretHeaders()
          .forEach(
              (name, secret) ->
                  credentials.headers.put(
                      name.toLowerCase(Locale.ROOT),
                      credentials.hidden(credentials.value(secret, null))));
    }
    return credentials;
  }

  /** Whether anything has to be looked up. */
  static boolean namesSecrets(HttpCall call) {
    if (call.secretHeaders() != null) {
      return true;
    }
    if (call.authentication() instanceof HttpCall.Basic basic) {
      return basic.username().secret() != null || basic.password().secret() != null;
    }
    return call.authentication() instanceof HttpCall.Bearer bearer
        && bearer.token().secret() != null;
  }

  private static String base64(String text) {
    return Base64.getEncoder().encodeToString(text.getBytes(StandardCharsets.UTF_8));
  }

  /** Header fields by their names in lower case. */
  Map<String, String> headers() {
    return headers;
  }

  /** Whether anything was looked up. */
  boolean areSecret() {
    return !revealed.isEmpty();
  }

  /** The text without what was looked up. */
  String without(String text) {
    String cleaned = text;
    for (String each : revealed) {
      cleaned = cleaned.replace(each, HIDDEN);
    }
    return cleaned;
  }

  /** The same, in whatever way JSON or a failure repeats it. */
  HttpAnswer without(HttpAnswer answer) {
    if (!areSecret()) {
      return answer;
    }
    if (answer instanceof HttpAnswer.CallFailed failed) {
      WorkflowError error = failed.error();
      return new HttpAnswer.CallFailed(
          new WorkflowError(
              error.type(),
              error.status(),
              error.title(),
              error.detail() == null ? null : without(error.detail()),
              error.instance()));
    }
    HttpAnswer.Received received = (HttpAnswer.Received) answer;
    return new HttpAnswer.Received(
        received.status(), received.headers(), without(received.content()));
  }

  private JsonNode without(JsonNode json) {
    if (json.isTextual()) {
      return TextNode.valueOf(without(json.textValue()));
    }
    if (json instanceof ArrayNode array) {
      ArrayNode cleaned = JSON.createArrayNode();
      array.forEach(each -> cleaned.add(without(each)));
      return cleaned;
    }
    if (json instanceof ObjectNode object) {
      ObjectNode cleaned = JSON.createObjectNode();
      object
          .properties()
          .forEach(each -> cleaned.set(without(each.getKey()), without(each.getValue())));
      return cleaned;
    }
    return json;
  }

  private String text(Credential credential, @Nullable String usualField) {
    SecretRef secret = credential.secret();
    return secret == null ? String.valueOf(credential.text()) : value(secret, usualField);
  }

  /**
   * @param usualField what is meant where the secret is an object and the workflow names no field
   */
  private String value(SecretRef ref, @Nullable String usualField) {
    Secret secret =
        secrets
            .find(ref.secret())
            .orElseThrow(
                () ->
                    new IllegalArgumentException(
                        "the secret '%s' is not known here: set %s or put a file of that name into twinloop.secrets.folder"
                            .formatted(ref.secret(), SiteSecrets.variable(ref.secret()))));
    if (!secrets.mayGoTo(ref.secret(), host)) {
      throw new IllegalArgumentException(
          "the secret '%s' may not go to %s (twinloop.secrets.hosts)"
              .formatted(ref.secret(), host));
    }
    String field = ref.field() == null ? usualField : ref.field();
    return field == null ? secret.reveal() : part(ref, secret, field);
  }

  private static String part(SecretRef ref, Secret secret, String field) {
    JsonNode value = object(secret).path(field);
    if (value.isTextual()) {
      return value.textValue();
    }
    if (ref.field() == null) {
      return secret.reveal();
    }
    throw new IllegalArgumentException(
        "the secret '%s' is no JSON object with a text '%s'".formatted(ref.secret(), field));
  }

  private static JsonNode object(Secret secret) {
    try {
      return JSON.readTree(secret.reveal());
    } catch (JsonProcessingException e) {
      return JSON.createObjectNode();
    }
  }

  private String hidden(Credential credential, String value) {
    return credential.secret() == null ? value : hidden(value);
  }

  /** Hides a value in the answer: as it stands, as JSON writes it, and each as its bytes look. */
  private String hidden(String value) {
    if (value.length() >= SHORTEST_HIDDEN) {
      String inJson = TextNode.valueOf(value).toString();
      for (String form : List.of(value, inJson.substring(1, inJson.length() - 1))) {
        revealed.add(form);
        revealed.add(
            new String(form.getBytes(StandardCharsets.UTF_8), StandardCharsets.ISO_8859_1));
      }
    }
    return value;
  }
}
