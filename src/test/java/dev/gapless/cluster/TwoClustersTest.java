package dev.gapless.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Set;
import org.junit.jupiter.api.Test;

class TwoClustersTest {
  private static final int ROUNDS = 20;

  /** How often it has to be asked until it says so; 0 if it never does. */
  private static int asked(Set<String> ours, Set<String> recorded) {
    TwoClusters clusters = new TwoClusters();
    for (int round = 1; round <= ROUNDS; round++) {
      if (clusters.mustGiveWay(ours, recorded)) {
        return round;
      }
    }
    return 0;
  }

  @Test
  void oneClusterStays() {
    assertThat(asked(Set.of("a", "b"), Set.of("a", "b"))).isZero();
    // somebody is down and not forgotten yet by the members, or not a member yet
    assertThat(asked(Set.of("a", "b", "c"), Set.of("a", "b"))).isZero();
    assertThat(asked(Set.of("a"), Set.of())).isZero();
  }

  @Test
  void exactlyOneOfTwoGivesWay() {
    Set<String> recorded = Set.of("a", "b", "c", "d");
    assertThat(asked(Set.of("a", "d"), recorded)).isZero();
    assertThat(asked(Set.of("b", "c"), recorded)).isGreaterThan(1);
  }

  @Test
  void whatPassesIsWaitedFor() {
    TwoClusters clusters = new TwoClusters();
    for (int round = 0; round < ROUNDS; round++) {
      // each time another one joins, it is in the table first
      assertThat(clusters.mustGiveWay(Set.of("b"), Set.of("a", "b"))).isFalse();
      assertThat(clusters.mustGiveWay(Set.of("a", "b"), Set.of("a", "b"))).isFalse();
    }
  }
}
