package dev.gapless.hub;

import static org.assertj.core.api.Assertions.assertThat;

import dev.gapless.event.Cursor;
import dev.gapless.event.Event;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;

class RingTest {
  private static HubEvent event(long position) {
    return new HubEvent(
        new Event(
            position, "o", "/p", "t", Optional.of("{\"n\":" + position + "}"), Instant.EPOCH));
  }

  private static List<Long> positions(List<HubEvent> events) {
    return events.stream().map(HubEvent::position).toList();
  }

  @Test
  void keepsTheNewestAndKnowsHowFarItReachesBack() {
    Ring ring = new Ring(4, 1 << 20, Cursor.bare(10));
    assertThat(ring.after(10, 5, 1 << 20)).hasValue(List.of());
    assertThat(ring.after(9, 5, 1 << 20)).isEmpty();
    for (long position = 11; position <= 21; position += 2) {
      ring.append(event(position));
    }
    assertThat(ring.size()).isEqualTo(4);
    assertThat(ring.floor()).isEqualTo(event(13).cursor());
    assertThat(ring.after(12, 9, 1 << 20)).isEmpty();
    assertThat(positions(ring.after(13, 9, 1 << 20).orElseThrow()))
        .containsExactly(15L, 17L, 19L, 21L);
    assertThat(positions(ring.after(16, 2, 1 << 20).orElseThrow())).containsExactly(17L, 19L);
    assertThat(ring.after(21, 2, 1 << 20)).hasValue(List.of());
    assertThat(ring.find(19)).isPresent();
    assertThat(ring.find(18)).isEmpty();
    assertThat(ring.find(11)).isEmpty();
  }

  @Test
  void forgetsAnOwnerBelowAPosition() {
    Ring ring = new Ring(16, 1 << 20, Cursor.EARLIEST);
    for (long position = 1; position <= 9; position++) {
      ring.append(event(position));
    }
    ring.forget("nobody", 9);
    assertThat(ring.size()).isEqualTo(9);
    String owner = event(1).event().owner();
    ring.forget(owner, 4);
    assertThat(ring.floor()).isEqualTo(event(3).cursor());
    assertThat(ring.after(2, 9, 1 << 20)).isEmpty();
    assertThat(positions(ring.after(3, 9, 1 << 20).orElseThrow()))
        .containsExactly(4L, 5L, 6L, 7L, 8L, 9L);
    ring.forget(owner, 4);
    assertThat(ring.size()).isEqualTo(6);
    ring.forget(owner, 100);
    assertThat(ring.size()).isZero();
    assertThat(ring.bytes()).isZero();
    ring.append(event(10));
    assertThat(positions(ring.after(9, 9, 1 << 20).orElseThrow())).containsExactly(10L);
  }

  @Test
  void isBoundedByBytesAndKeepsAtLeastTheNewest() {
    Ring ring = new Ring(1024, event(1).weight() * 3L, Cursor.EARLIEST);
    for (long position = 1; position <= 9; position++) {
      ring.append(event(position));
    }
    assertThat(ring.size()).isEqualTo(3);
    assertThat(ring.bytes()).isLessThanOrEqualTo(event(1).weight() * 3L);
    Ring tiny = new Ring(1024, 1, Cursor.EARLIEST);
    tiny.append(event(1));
    tiny.append(event(2));
    assertThat(tiny.size()).isEqualTo(1);
  }

  @Test
  void aReaderNeverSeesAGapWhileTheRingIsOverwritten() {
    Ring ring = new Ring(64, 1 << 20, Cursor.EARLIEST);
    AtomicBoolean done = new AtomicBoolean();
    CompletableFuture<Long> reader =
        CompletableFuture.supplyAsync(
            () -> {
              long reads = 0;
              long position = 0;
              while (!done.get()) {
                Optional<List<HubEvent>> next = ring.after(position, 16, 1 << 20);
                if (next.isEmpty()) {
                  position = ring.floor().position();
                  continue;
                }
                for (HubEvent event : next.get()) {
                  if (event.position() != position + 1) {
                    throw new AssertionError(event.position() + " after " + position);
                  }
                  position = event.position();
                }
                reads++;
              }
              return reads;
            });
    for (long position = 1; position <= 1_000_000; position++) {
      ring.append(event(position));
    }
    done.set(true);
    assertThat(reader.join()).isPositive();
  }
}
