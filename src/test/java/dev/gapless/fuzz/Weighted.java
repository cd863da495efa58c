package dev.gapless.fuzz;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.RandomGenerator;
import net.jqwik.api.Shrinkable;
import net.jqwik.api.Tuple.Tuple2;

/**
 * One of several, as {@link Arbitraries#frequencyOf}, which takes 10 s to get going on grammars of
 * this size: it compares and counts everything they could ever produce.
 */
final class Weighted {
  private Weighted() {}

  @SafeVarargs
  static <T> Arbitrary<T> frequencyOf(
      Tuple2<Integer, ? extends Arbitrary<? extends T>>... choices) {
    return Arbitraries.fromGenerator(new Choice<T>(List.of(choices)));
  }

  private static final class Choice<T> implements RandomGenerator<T> {
    private final List<Tuple2<Integer, ? extends Arbitrary<? extends T>>> choices;
    // made when they are wanted: a grammar may hold itself
    private final List<RandomGenerator<T>> generators = new ArrayList<>();
    private final int total;

    Choice(List<Tuple2<Integer, ? extends Arbitrary<? extends T>>> choices) {
      this.choices = choices;
      this.total = choices.stream().mapToInt(Tuple2::get1).sum();
      choices.forEach(unused -> generators.add(null));
    }

    @Override
    public Shrinkable<T> next(Random random) {
      int left = random.nextInt(total);
      int index = 0;
      while (left >= choices.get(index).get1()) {
        left -= choices.get(index).get1();
        index++;
      }
      return generator(index).next(random);
    }

    @SuppressWarnings("unchecked")
    private RandomGenerator<T> generator(int index) {
      RandomGenerator<T> known = generators.get(index);
      if (known == null) {
        // what is produced is only ever read
        known = ((Arbitrary<T>) choices.get(index).get2()).generator(1000, false);
        generators.set(index, known);
      }
      return known;
    }
  }
}
