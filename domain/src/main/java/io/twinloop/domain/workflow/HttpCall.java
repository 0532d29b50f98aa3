package io.twinloop.domain.workflow;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import com.fasterxml.jackson.databind.JsonNode;
import java.net.URI;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * An HTTP request as a workflow wants it made: every expression and template in it is resolved.
 *
 * @param method upper-case method, e.g. {@code POST}
 * @param endpoint absolute http or https URI, the query not yet added
 * @param headers header fields to send besides those the client adds
 * @param query parameters to add to the endpoint
 * @param body what to send: text as it stands, anything else as JSON; null for no body
 * @param output in which form the answer is wanted
 * @param redirect true when a 3xx answer is an answer and not an error
 * @param timeout how long the task may take altogether, null when it did not say
 * @param authentication credentials to present, null for none
 * @param secretHeaders header fields whose values are secrets, null for none
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
public record HttpCall(
    String method,
    URI endpoint,
    Map<String, String> headers,
    Map<String, String> query,
    @Nullable JsonNode body,
    Output output,
    boolean redirect,
    @Nullable Duration timeout,
    @Nullable Authentication authentication,
    @Nullable Map<String, SecretRef> secretHeaders) {

  /** The form in which a task wants the answer. */
  public enum Output {
    /** The content: parsed when it is JSON, text when it is text, else base64. */
    CONTENT,
    /** Request, status, headers and content together. */
    RESPONSE,
    /** The bytes of the content in base64. */
    RAW
  }

  /** Credentials for one call. Their text form hides the secret. */
  @JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "type")
  @JsonSubTypes({
    @JsonSubTypes.Type(value = Basic.class, name = "basic"),
    @JsonSubTypes.Type(value = Bearer.class, name = "bearer")
  })
  public sealed interface Authentication {}

  /** User name and password, RFC 7617. */
  public record Basic(Credential username, Credential password) implements Authentication {

    /** Both as texts. */
    public static Basic with(String username, String password) {
      return new Basic(Credential.of(username), Credential.of(password));
    }
  }

  /** A bearer token, RFC 6750. */
  public record Bearer(Credential token) implements Authentication {

    /** The token as a text. */
    public static Bearer with(String token) {
      return new Bearer(Credential.of(token));
    }
  }

  /** The endpoint with the query added, as it goes over the wire. */
  public URI uri() {
    if (query.isEmpty()) {
      return endpoint;
    }
    String added =
        query.entrySet().stream()
            .map(field -> encoded(field.getKey()) + "=" + encoded(field.getValue()))
            .collect(Collectors.joining("&"));
    String text = endpoint.toString();
    int fragment = text.indexOf('#');
    String bare = fragment < 0 ? text : text.substring(0, fragment);
    return URI.create(bare + (endpoint.getRawQuery() == null ? "?" : "&") + added);
  }

  /** Percent-encodes all but the unreserved characters of RFC 3986. */
  static String encoded(String text) {
    return URLEncoder.encode(text, StandardCharsets.UTF_8)
        .replace("+", "%20")
        .replace("*", "%2A")
        .replace("%7E", "~");
  }

  public HttpCall {
    headers = Collections.unmodifiableMap(new LinkedHashMap<>(headers));
    query = Collections.unmodifiableMap(new LinkedHashMap<>(query));
    secretHeaders =
        secretHeaders == null
            ? null
            : Collections.unmodifiableMap(new LinkedHashMap<>(secretHeaders));
  }
}
