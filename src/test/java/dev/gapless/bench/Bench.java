package dev.gapless.bench;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.function.IntConsumer;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** See docs/benchmarks.md. */
@Command(
    name = "bench",
    mixinStandardHelpOptions = true,
    description = "Measures Gapless beside the limits of the machine.")
public final class Bench implements Callable<Integer> {
  private static final Map<String, IntConsumer> MEASURES = new LinkedHashMap<>();

  static {
    MEASURES.put("writes", Writes::run);
    MEASURES.put("fan-out", FanOut::run);
    MEASURES.put("targeted", Targeted::run);
    MEASURES.put("latency", Latency::run);
    MEASURES.put("tail", TailLag::run);
    MEASURES.put("catch-up", CatchUp::run);
    MEASURES.put("storm", Storm::run);
    MEASURES.put("connections", Idle::connections);
    MEASURES.put("http2", Http2::run);
    MEASURES.put("rolling", Rolling::run);
    MEASURES.put("idleness", Idle::cost);
  }

  @Parameters(description = "what to measure; nothing means everything")
  private List<String> measures = List.of();

  @Option(names = "--rounds", description = "medians are of so many", defaultValue = "3")
  private int rounds;

  @Option(
      names = "--folder",
      description = "where PostgreSQL keeps its data, such as on a disk; in memory by default")
  private Optional<String> folder = Optional.empty();

  @Option(
      names = "--jvm",
      description = "further options of the nodes' JVMs, such as those of a profiler",
      defaultValue = "")
  private String jvm;

  public static void main(String[] arguments) {
    System.exit(new CommandLine(new Bench()).execute(arguments));
  }

  @Override
  public Integer call() {
    for (String name : measures) {
      if (!MEASURES.containsKey(name)) {
        System.err.println(name + ": unknown; there are " + MEASURES.keySet());
        return 2;
      }
    }
    folder.ifPresent(path -> System.setProperty("gapless.test.folder", path));
    System.setProperty(Site.JVM, jvm);
    MEASURES.forEach(
        (name, measure) -> {
          if (measures.isEmpty() || measures.contains(name)) {
            measure.accept(rounds);
          }
        });
    return 0;
  }
}
