package dev.gapless.homeserver;

import dev.gapless.http.QueryParameters;
import java.util.List;
import java.util.Optional;
import org.apache.pekko.http.javadsl.model.HttpHeader;
import org.apache.pekko.http.javadsl.model.HttpRequest;

/** Whose files a request is about. Pure and thread-safe. */
final class RequestUser {
  private static final String NAME = "pubky-host";

  private RequestUser() {}

  /**
   * The user that the header {@code pubky-host} names, else the parameter of that name, else {@code
   * Host}. The first that is there decides, even if it names nobody.
   *
   * @throws InvalidRequestException if it is no user's key
   */
  static String of(HttpRequest request, QueryParameters query) {
    String named =
        header(request, NAME)
            .or(() -> first(query.all(NAME)))
            .orElseGet(() -> request.getUri().host().address());
    if (!UserKeys.isValid(named)) {
      throw new InvalidRequestException(NAME + " does not name a user");
    }
    return named;
  }

  private static Optional<String> header(HttpRequest request, String name) {
    String value = null;
    for (HttpHeader header : request.getHeaders()) {
      if (header.is(name)) {
        if (value != null) {
          throw new InvalidRequestException(NAME + " is given more than once");
        }
        value = header.value();
      }
    }
    return Optional.ofNullable(value);
  }

  private static Optional<String> first(List<String> values) {
    if (values.size() > 1) {
      throw new InvalidRequestException(NAME + " is given more than once");
    }
    return values.stream().findFirst();
  }
}
