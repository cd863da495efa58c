package dev.gapless.homeserver;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

class KnownUsersTest {
  private final Set<String> registered = new HashSet<>(Set.of("a", "b"));
  private final List<Set<String>> asked = new ArrayList<>();
  private final UserDirectory users =
      KnownUsers.remembering(
          owners -> {
            asked.add(owners);
            Set<String> found = new HashSet<>(owners);
            found.retainAll(registered);
            return CompletableFuture.completedFuture(found);
          });

  private Set<String> known(String... owners) {
    return users.known(Set.of(owners)).toCompletableFuture().join();
  }

  @Test
  void asksOnceForAUserThatIsRegistered() {
    assertThat(known("a", "b")).containsOnly("a", "b");
    assertThat(known("a", "b")).containsOnly("a", "b");
    assertThat(asked).containsExactly(Set.of("a", "b"));
  }

  @Test
  void asksAgainForAUserThatIsNot() {
    assertThat(known("a", "c")).containsOnly("a");
    registered.add("c");
    assertThat(known("a", "c")).containsOnly("a", "c");
    assertThat(asked).containsExactly(Set.of("a", "c"), Set.of("c"));
  }
}
