package dev.gapless.metrics;

import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.function.ToDoubleFunction;

/**
 * Registers meters that look at one object whenever they are read.
 *
 * @param source kept alive by its owner: the meters refer to it weakly
 */
record Meters<T>(MeterRegistry registry, T source) {
  private static final String[] NO_TAGS = {};

  Meters<T> gauge(String name, String description, ToDoubleFunction<T> value) {
    return gauge(name, description, value, NO_TAGS);
  }

  Meters<T> gauge(String name, String description, ToDoubleFunction<T> value, String... tags) {
    Gauge.builder(name, source, value).description(description).tags(tags).register(registry);
    return this;
  }

  Meters<T> seconds(String name, String description, ToDoubleFunction<T> value) {
    Gauge.builder(name, source, value)
        .description(description)
        .baseUnit("seconds")
        .register(registry);
    return this;
  }

  Meters<T> bytes(String name, String description, ToDoubleFunction<T> value) {
    Gauge.builder(name, source, value)
        .description(description)
        .baseUnit("bytes")
        .register(registry);
    return this;
  }

  Meters<T> counter(String name, String description, ToDoubleFunction<T> value, String... tags) {
    FunctionCounter.builder(name, source, value)
        .description(description)
        .tags(tags)
        .register(registry);
    return this;
  }

  /** One gauge for each state, of which the current one is 1. */
  <E extends Enum<E>> Meters<T> states(
      String name, String description, Class<E> states, ToDoubleFunctionOf<T, E> isIn) {
    for (E state : states.getEnumConstants()) {
      gauge(name, description, of -> isIn.value(of, state), "state", label(state));
    }
    return this;
  }

  /** One counter for each value of an enumeration. */
  <E extends Enum<E>> Meters<T> counters(
      String name, String description, String tag, Class<E> of, ToDoubleFunctionOf<T, E> count) {
    for (E each : of.getEnumConstants()) {
      counter(name, description, from -> count.value(from, each), tag, label(each));
    }
    return this;
  }

  /** A value of the source for one constant. */
  @FunctionalInterface
  interface ToDoubleFunctionOf<T, E> {
    double value(T source, E constant);
  }

  private static String label(Enum<?> constant) {
    return constant.name().toLowerCase(java.util.Locale.ROOT);
  }
}
