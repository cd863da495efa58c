package dev.gapless.tail;

import static org.assertj.core.api.Assertions.assertThat;

import dev.gapless.tail.WriterModel.Hints;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;

/** The decider against {@link WriterModel} in any order of steps. */
class HeadDeciderPropertyTest {

  @Property(tries = 3000)
  void deliversExactlyTheCommittedRowsInOrder(
      @ForAll long seed, @ForAll @IntRange(min = 1, max = 6) int writers) {
    WriterModel model = new WriterModel(seed, writers, Hints.ANY_TIME);
    for (int i = 0; i < 400; i++) {
      model.anyStep();
    }
    model.endWriters();
    model.decider.onWake(model.now);
    model.readUntilRest();
    assertThat(model.delivered).isEqualTo(model.committedAfterStart());
  }

  /** At most one transaction in flight notifies, nobody polls, and yet nothing is left behind. */
  @Property(tries = 3000)
  void oneHintFromTheElectedWriterIsEnough(
      @ForAll long seed, @ForAll @IntRange(min = 1, max = 6) int writers) {
    WriterModel model = new WriterModel(seed, writers, Hints.ELECTED);
    for (int i = 0; i < 400; i++) {
      model.anyStep();
    }
    model.endWriters();
    model.readUntilRest();
    assertThat(model.delivered).isEqualTo(model.committedAfterStart());
  }
}
