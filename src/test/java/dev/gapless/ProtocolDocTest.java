package dev.gapless;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.gapless.hub.Signal.CloseReason;
import dev.gapless.log.EventLog.LostReason;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** docs/protocol.md names every path there is, and every reason that a client may be told. */
class ProtocolDocTest {

  @Test
  void namesEveryPath() throws IOException {
    JsonNode paths =
        new ObjectMapper().readTree(Path.of("docs/openapi.json").toFile()).get("paths");
    String page = Files.readString(Path.of("docs/protocol.md"));
    List<String> missing = new ArrayList<>();
    paths
        .fieldNames()
        .forEachRemaining(
            path -> {
              boolean named =
                  page.contains(path + "`") || page.contains(path.replace("{path}", "…"));
              if (!named) {
                missing.add(path);
              }
            });
    assertThat(paths).hasSizeGreaterThan(5);
    assertThat(missing).isEmpty();
  }

  static Stream<String> reasons() {
    return Stream.<Enum<?>>concat(Stream.of(CloseReason.values()), Stream.of(LostReason.values()))
        .map(reason -> reason.name().toLowerCase(Locale.ROOT));
  }

  @ParameterizedTest
  @MethodSource("reasons")
  void namesEveryReason(String reason) throws IOException {
    assertThat(Files.readString(Path.of("docs/protocol.md"))).contains("`" + reason + "`");
  }
}
