package io.twinloop.domain.workflow;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectReader;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.NullNode;
import com.fasterxml.jackson.databind.node.TextNode;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;

/** What came of an HTTP call: an answer of whatever status, or no answer and why. */
@JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "type")
@JsonSubTypes({
  @JsonSubTypes.Type(value = HttpAnswer.Received.class, name = "received"),
  @JsonSubTypes.Type(value = HttpAnswer.CallFailed.class, name = "failed")
})
public sealed interface HttpAnswer {

  /**
   * The other side answered.
   *
   * @param status HTTP status, 100 to 599
   * @param headers names in lower case; several values of one name joined by a comma
   * @param content the body in the form {@link HttpCall#output()} asks for
   */
  record Received(int status, Map<String, String> headers, JsonNode content) implements HttpAnswer {
    public Received {
      headers = Collections.unmodifiableMap(new LinkedHashMap<>(headers));
    }
  }

  /** No answer came: refused by policy, unreachable, too slow, too large. */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  record CallFailed(WorkflowError error) implements HttpAnswer {}

  /**
   * Reads a body as the call wants it: JSON is parsed, text is kept, anything else (and everything
   * when the call asks for the raw form) becomes base64. A body that claims to be JSON and is not
   * is a failed call.
   */
  static HttpAnswer read(HttpCall call, int status, Map<String, String> headers, byte[] body) {
    Map<String, String> named = new LinkedHashMap<>();
    headers.forEach((name, value) -> named.put(name.toLowerCase(Locale.ROOT), value));
    if (call.output() == HttpCall.Output.RAW) {
      return new Received(status, named, base64(body));
    }
    String mediaType = mediaType(named.getOrDefault("content-type", ""));
    if (body.length == 0) {
      return new Received(status, named, NullNode.instance);
    }
    if (mediaType.equals("application/json") || mediaType.endsWith("+json")) {
      try {
        return new Received(status, named, BodyReader.JSON.readTree(body));
      } catch (JacksonException e) {
        return notJson(call, status, named, body, e.getOriginalMessage());
      } catch (IOException e) {
        return notJson(call, status, named, body, String.valueOf(e.getMessage()));
      }
    }
    return new Received(status, named, textOrBase64(mediaType, body));
  }

  private static HttpAnswer notJson(
      HttpCall call, int status, Map<String, String> headers, byte[] body, String reason) {
    boolean error = status >= 400;
    return error
        ? new Received(status, headers, textOrBase64("text/plain", body))
        : new CallFailed(
            WorkflowError.communication(
                502,
                "Unreadable answer",
                "The answer of " + call.endpoint() + " says it is JSON but is not: " + reason));
  }

  private static JsonNode textOrBase64(String mediaType, byte[] body) {
    if (mediaType.startsWith("text/") || mediaType.endsWith("xml") || mediaType.isEmpty()) {
      try {
        return TextNode.valueOf(
            StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(body)).toString());
      } catch (CharacterCodingException e) {
        return base64(body);
      }
    }
    return base64(body);
  }

  private static JsonNode base64(byte[] body) {
    return TextNode.valueOf(Base64.getEncoder().encodeToString(body));
  }

  private static String mediaType(String contentType) {
    int parameters = contentType.indexOf(';');
    String bare = parameters < 0 ? contentType : contentType.substring(0, parameters);
    return bare.strip().toLowerCase(Locale.ROOT);
  }

  /** Holds the reader, which an interface can't keep to itself. */
  final class BodyReader {
    private static final ObjectReader JSON =
        JsonMapper.builder()
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .build()
            .readerFor(JsonNode.class);

    private BodyReader() {}
  }
}
