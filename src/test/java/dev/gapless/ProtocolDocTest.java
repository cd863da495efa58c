package dev.gapless;

import static org.assertj.core.api.Assertions.assertThat;

import dev.gapless.hub.Signal.CloseReason;
import dev.gapless.log.EventLog.LostReason;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** docs/protocol.md names every reason that a client may be told. */
class ProtocolDocTest {

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
