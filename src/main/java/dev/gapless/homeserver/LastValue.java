package dev.gapless.homeserver;

import dev.gapless.http.QueryParameters;
import java.util.List;
import java.util.Optional;

/** This API reads the last value of a parameter that is given more than once. */
final class LastValue {
  private LastValue() {}

  static Optional<String> of(QueryParameters query, String name) {
    List<String> values = query.all(name);
    return values.isEmpty() ? Optional.empty() : Optional.of(values.get(values.size() - 1));
  }
}
