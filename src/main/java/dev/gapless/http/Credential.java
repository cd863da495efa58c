package dev.gapless.http;

import java.util.Optional;
import java.util.regex.Pattern;
import org.apache.pekko.http.javadsl.model.HttpHeader;
import org.apache.pekko.http.javadsl.model.HttpMethods;
import org.apache.pekko.http.javadsl.model.HttpRequest;

/**
 * What a request shows to prove who is asking: a bearer token, from the {@code Authorization}
 * header or, for GET and HEAD only, from the cookie {@code gapless} (an {@code EventSource} cannot
 * send headers). Immutable; {@code toString} hides the token.
 *
 * @param token the token as sent, of the characters RFC 6750 allows
 * @param fromCookie whether it came from the cookie
 */
public record Credential(String token, boolean fromCookie) {
  /** The name of the session cookie. */
  public static final String COOKIE = "gapless";

  private static final Pattern TOKEN = Pattern.compile("[A-Za-z0-9._~+/-]+=*");

  /** The hash by which the token is known to configuration and revocations. */
  public TokenHash hash() {
    return TokenHash.ofToken(token);
  }

  /**
   * The credential of a request. Another scheme than Bearer is none: who may do without one, may.
   *
   * @throws ProblemException 400 if the header is given more than once
   */
  public static Optional<Credential> of(HttpRequest request) {
    Optional<String> authorization = Optional.empty();
    for (HttpHeader header : request.getHeaders()) {
      if (header.is("authorization")) {
        if (authorization.isPresent()) {
          throw Problem.badRequest("Authorization", "Authorization: given more than once")
              .asException();
        }
        authorization = Optional.of(header.value());
      }
    }
    if (authorization.isPresent()) {
      return bearer(authorization.get());
    }
    boolean reads =
        request.method().equals(HttpMethods.GET) || request.method().equals(HttpMethods.HEAD);
    return reads ? cookie(request) : Optional.empty();
  }

  private static Optional<Credential> bearer(String value) {
    String scheme = "bearer ";
    if (value.length() > scheme.length()
        && value.regionMatches(true, 0, scheme, 0, scheme.length())) {
      String token = value.substring(scheme.length()).strip();
      if (TOKEN.matcher(token).matches()) {
        return Optional.of(new Credential(token, false));
      }
    }
    return Optional.empty();
  }

  private static Optional<Credential> cookie(HttpRequest request) {
    for (HttpHeader header : request.getHeaders()) {
      if (header.is("cookie")) {
        for (String pair : header.value().split(";")) {
          String cookie = pair.strip();
          if (cookie.startsWith(COOKIE + "=")) {
            String token = cookie.substring(COOKIE.length() + 1);
            if (TOKEN.matcher(token).matches()) {
              return Optional.of(new Credential(token, true));
            }
          }
        }
      }
    }
    return Optional.empty();
  }

  @Override
  public String toString() {
    return fromCookie ? "Credential[cookie]" : "Credential[bearer]";
  }
}
