package dev.gapless.fuzz;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Set;

/** The statuses that {@code docs/openapi.json} lists, and those that belong to no operation. */
final class DocumentedStatuses {
  /** Wrong method, unknown path, too long a target or header. */
  private static final Set<Integer> ANYWHERE = Set.of(400, 404, 405, 414, 431);

  private final JsonNode paths;

  DocumentedStatuses() {
    try {
      paths =
          new ObjectMapper().readTree(Files.readString(Path.of("docs/openapi.json"))).path("paths");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  boolean allow(Request request, int status) {
    JsonNode operation = paths.path(request.path()).path(request.method().toLowerCase(Locale.ROOT));
    return request.path().isEmpty()
        || operation.path("responses").has(Integer.toString(status))
        || ANYWHERE.contains(status) && request.verdict().statuses().isEmpty();
  }
}
