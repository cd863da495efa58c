package dev.gapless.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.typesafe.config.ConfigFactory;
import dev.gapless.http.AdmissionSettings.Rate;
import java.util.Optional;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class AdmissionSettingsTest {

  private static AdmissionSettings settings(String overrides) {
    return HttpSettings.create(
            ConfigFactory.parseString(overrides)
                .withFallback(ConfigFactory.defaultReference())
                .resolve())
        .admission();
  }

  @Test
  void limitsNothingUnlessAsked() {
    assertThat(settings(""))
        .isEqualTo(
            new AdmissionSettings(
                OptionalInt.empty(),
                OptionalInt.empty(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                Optional.empty()));
  }

  @Test
  void readsRates() {
    AdmissionSettings read =
        settings(
            """
            gapless.http.admission {
              streams-per-token = 5
              new-streams { per-second = 0.05, burst = 7 }
              publish-events.per-second = 2000
            }
            """);
    assertThat(read.streamsPerToken()).hasValue(5);
    assertThat(read.newStreams()).contains(new Rate(50, 7));
    assertThat(read.newStreams().orElseThrow().perSecond()).isEqualTo("0.05");
    assertThat(read.publishEvents().orElseThrow().perSecond()).isEqualTo("2000");
  }

  @ParameterizedTest
  @CsvSource({
    "streams-per-token, 0",
    "streams-per-token, on",
    "streams-per-owner, -1",
    "streams-per-owner, 1.5",
    "new-streams.per-second, 0",
    "new-streams.per-second, 0.0001",
    "new-streams.per-second, fast",
    "publish-requests.per-second, 1000001",
    "publish-requests.burst, 0",
    "file-changes.burst, off",
  })
  void namesTheKeyThatIsWrong(String key, String value) {
    String full = "gapless.http.admission." + key;
    assertThatThrownBy(() -> settings(full + " = " + value))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith(full + ": ");
  }

  @Test
  void theLargestRequestMustFitIntoTheBurst() {
    String few = "gapless.http.admission.publish-events { burst = 999, per-second = %s }";
    assertThat(settings(few.formatted("off")).publishEvents()).isEmpty();
    assertThatThrownBy(() -> settings(few.formatted("10")))
        .hasMessageStartingWith("gapless.http.admission.publish-events.burst: ")
        .hasMessageContaining("max-drafts (1000)");
    assertThat(settings(few.formatted("10") + "\ngapless.http.max-drafts = 999").publishEvents())
        .isPresent();
  }
}
