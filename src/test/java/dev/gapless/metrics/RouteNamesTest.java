package dev.gapless.metrics;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RouteNamesTest {
  @ParameterizedTest
  @CsvSource({
    "/v1/events, /v1/events",
    "/events/, /events/",
    "/events-stream, /events-stream",
    "/v1/files/acme/notes/a.txt, /v1/files/…",
    "/v1/owners/acme, /v1/owners/…",
    "/pub/secret.txt, /pub/…",
    "/health/ready, /health/ready",
    "/, /",
    "/v1/eventsx, other",
    "/V1/EVENTS, other",
    "/wp-login.php, other"
  })
  void tellNothingThatAClientMadeUp(String path, String name) {
    assertThat(RouteNames.of(path)).isEqualTo(name);
  }
}
