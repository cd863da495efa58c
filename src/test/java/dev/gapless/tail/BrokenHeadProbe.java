package dev.gapless.tail;

import dev.gapless.tail.ModelSearch.Result;
import java.util.function.UnaryOperator;

/**
 * Looks for the shortest path to something wrong, within the bounds of {@link HeadStep} of this
 * name. Loaded together with the classes of a broken build; the answer is empty or a trace.
 */
public final class BrokenHeadProbe implements UnaryOperator<String> {

  @Override
  public String apply(String step) {
    ModelSearch search = new ModelSearch(HeadStep.valueOf(step).bounds());
    Result result = search.run();
    return result
        .violation()
        .map(violation -> ModelTrace.of(violation, search.reader()))
        .orElse("");
  }
}
