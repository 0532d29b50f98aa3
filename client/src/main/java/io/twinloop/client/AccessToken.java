package io.twinloop.client;

import java.net.http.HttpRequest;
import java.util.Map;

/**
 * The token or API key a node may ask for, from the environment variable {@code TWINLOOP_TOKEN};
 * the command line doesn't take it, since everybody on a machine sees command lines.
 */
public final class AccessToken {

  private static final String VARIABLE = "TWINLOOP_TOKEN";

  private final String value;

  private AccessToken(String value) {
    this.value = value;
  }

  /** The one of this process; none where the variable isn't set. */
  public static AccessToken ofEnvironment() {
    return of(System.getenv());
  }

  static AccessToken of(Map<String, String> environment) {
    String value = environment.getOrDefault(VARIABLE, "").strip();
    if (!value.matches("[A-Za-z0-9._~+/=-]*")) {
      throw new MisuseException(
          VARIABLE + " holds what no token has: set it to the bare token or API key.");
    }
    return new AccessToken(value);
  }

  /** The request, showing the token where there is one. */
  public HttpRequest.Builder on(HttpRequest.Builder request) {
    return value.isEmpty() ? request : request.header("Authorization", "Bearer " + value);
  }

  /** Without the token: it may stand in a log. */
  @Override
  public String toString() {
    return value.isEmpty() ? "no token" : "a token";
  }
}
