package dev.gapless.testkit;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * How a node is started. Immutable.
 *
 * @param config HOCON, its {@code application.conf}
 * @param jvm options of its JVM
 * @param ahead class path entries that win over the server's own classes, such as a build that was
 *     broken on purpose
 * @param environment variables besides those that {@link ServerNode} sets
 */
public record NodeOptions(
    String config, List<String> jvm, List<Path> ahead, Map<String, String> environment) {

  public NodeOptions {
    jvm = List.copyOf(jvm);
    ahead = List.copyOf(ahead);
    environment = Map.copyOf(environment);
  }

  private static final String OPTIONS = "@" + Path.of("conf", "jvm.options").toAbsolutePath();

  /** As users start it, with little memory. */
  public static NodeOptions config(String config) {
    return new NodeOptions(config, List.of(OPTIONS, "-Xmx384m"), List.of(), Map.of());
  }

  /** Starts in half the time and needs few threads, but never gets fast: nothing to measure. */
  public NodeOptions quick() {
    List<String> quick =
        List.of("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-XX:-UsePerfData", "-Xshare:auto");
    return new NodeOptions(
        config,
        Stream.concat(jvm.stream().filter(option -> !option.equals(OPTIONS)), quick.stream())
            .toList(),
        ahead,
        environment);
  }

  /** Besides those it has. */
  public NodeOptions withJvm(String... more) {
    return new NodeOptions(
        config, Stream.concat(jvm.stream(), Stream.of(more)).toList(), ahead, environment);
  }

  public NodeOptions withClassesAhead(Path... classes) {
    return new NodeOptions(config, jvm, List.of(classes), environment);
  }

  /** Its wall clock is this one. */
  public NodeOptions withClock(MovableClock clock) {
    return new NodeOptions(config, jvm, ahead, clock.environment());
  }
}
