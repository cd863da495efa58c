package dev.gapless.hub;

import static org.assertj.core.api.Assertions.assertThat;

import dev.gapless.event.Event;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class DeliveryAgesTest {
  private final HubState state = new HubState();
  private final List<Long> sinceInsert = new ArrayList<>();
  private final List<Long> sinceCommit = new ArrayList<>();
  private final Instant now = Instant.now();

  DeliveryAgesTest() {
    state.onDelivery(sinceInsert::add);
    state.onDeliverySinceCommit(sinceCommit::add);
  }

  @Test
  void countsFromTheFirstEventAndFromTheOldestCommit() {
    List<Long> second = new ArrayList<>();
    state.onDeliverySinceCommit(second::add);
    state.given(
        List.of(
            event(Duration.ofSeconds(70), Duration.ofSeconds(1)),
            event(Duration.ofSeconds(40), Duration.ofSeconds(40)),
            event(Duration.ofSeconds(30), Duration.ofSeconds(20))));
    assertThat(seconds(sinceInsert)).isBetween(70.0, 100.0);
    assertThat(seconds(sinceCommit)).isBetween(40.0, 69.0);
    assertThat(second).isEqualTo(sinceCommit);
  }

  @Test
  void withoutTimesOfCommitsNothingIsTold() {
    state.given(List.of(new HubEvent(inserted(Duration.ofSeconds(5)))));
    assertThat(sinceInsert).hasSize(1);
    assertThat(sinceCommit).isEmpty();
  }

  @Test
  void aClockThatIsAheadMakesNothingNegative() {
    for (long ahead : new long[] {1, 3_600, 86_400L * 365 * 5_000}) {
      state.given(List.of(event(Duration.ofSeconds(-ahead), Duration.ofSeconds(-ahead))));
    }
    assertThat(sinceInsert).containsOnly(0L).hasSize(3);
    assertThat(sinceCommit).containsOnly(0L).hasSize(3);
  }

  private HubEvent event(Duration sinceItsInsert, Duration sinceItsCommit) {
    return new HubEvent(inserted(sinceItsInsert), now.minus(sinceItsCommit).toEpochMilli() * 1_000);
  }

  private Event inserted(Duration before) {
    return new Event(1, "o", "/a", "t", Optional.empty(), now.minus(before));
  }

  private static double seconds(List<Long> nanos) {
    assertThat(nanos).hasSize(1);
    return nanos.get(0) / 1e9;
  }
}
