package dev.gapless.torture;

import dev.gapless.torture.Faults.Span;
import dev.gapless.torture.Membership.View;
import dev.gapless.torture.Plans.Habit;
import dev.gapless.torture.Subscriber.End;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.awaitility.Awaitility;
import org.awaitility.core.ConditionTimeoutException;

/** What must hold beside the streams' contents where the nodes are members of a cluster. */
final class ClusterVerdict {
  private static final Duration TOGETHER = Duration.ofMinutes(5);
  private static final Duration LIVE = Duration.ofSeconds(30);
  private static final Pattern ERROR = Pattern.compile("^\\S+ ERROR .*");

  private final World world;
  private final List<Subscriber> subscribers;

  ClusterVerdict(World world, List<Subscriber> subscribers) {
    this.world = world;
    this.subscribers = subscribers;
  }

  /** Waits until all nodes see one cluster of all nodes, and nobody else in it. */
  List<String> together() {
    Set<String> addresses =
        world.memberships().stream().map(Membership::address).collect(Collectors.toSet());
    try {
      Awaitility.await("one cluster of all nodes")
          .atMost(TOGETHER)
          .pollInterval(Duration.ofMillis(200))
          .until(
              () -> {
                List<Optional<View>> views = views();
                return views.stream().distinct().count() == 1
                    && views.get(0).filter(view -> view.isWholeClusterOf(addresses)).isPresent();
              });
      return List.of();
    } catch (ConditionTimeoutException e) {
      return List.of("no one cluster: " + views());
    }
  }

  private List<Optional<View>> views() {
    return world.memberships().stream().map(Membership::view).toList();
  }

  /** Otherwise a fault on a busy machine is over before there is anybody whom it could disturb. */
  void awaitBegun() {
    Awaitility.await("the steady ones have a stream")
        .atMost(TOGETHER)
        .pollInterval(Duration.ofMillis(50))
        .until(() -> steady().allMatch(Subscriber::hasBegun));
  }

  /** While the cluster is parted, and nothing else is broken, everybody gets everything at once. */
  List<String> live() {
    Verdict verdict = new Verdict(world.rowsAfter(0), false);
    List<Subscriber> waiting = new ArrayList<>();
    try {
      Awaitility.await("what is committed arrives")
          .atMost(LIVE)
          .pollInterval(Duration.ofMillis(50))
          .until(
              () -> {
                waiting.clear();
                steady().filter(one -> !has(one, verdict)).forEach(waiting::add);
                return waiting.isEmpty();
              });
      return List.of();
    } catch (ConditionTimeoutException e) {
      return waiting.stream().map(one -> "not live in the partition: " + one.plan).toList();
    }
  }

  private static boolean has(Subscriber subscriber, Verdict verdict) {
    return verdict
        .lastExpected(subscriber.plan.filter())
        .map(last -> subscriber.hasBegun() && subscriber.lastPosition() >= last)
        .orElse(true);
  }

  private java.util.stream.Stream<Subscriber> steady() {
    return subscribers.stream().filter(one -> one.plan.habit() == Habit.STEADY);
  }

  /** Who does not leave keeps the first connection. */
  List<String> stayed() {
    return steady()
        .filter(one -> one.connects() != 1)
        .map(one -> "%d connections of %s".formatted(one.connects(), one.plan))
        .toList();
  }

  /** No stream was ended by a node, unless a fault that ends streams was there meanwhile. */
  List<String> ends(List<Span> spans) {
    List<String> problems = new ArrayList<>();
    for (Subscriber subscriber : subscribers) {
      for (End end : subscriber.ends()) {
        if (spans.stream().noneMatch(span -> explains(span, end))) {
          problems.add(
              "ended by node %d after %d ms, for no reason: %s"
                  .formatted(
                      Math.floorMod(end.node(), world.nodes.size()),
                      (end.ended() - end.began()) / 1_000_000,
                      end.how()));
        }
      }
    }
    return problems;
  }

  private boolean explains(Span span, End end) {
    int count = world.nodes.size();
    boolean all = span.kind() == FaultKind.KILL_SEVERAL || span.kind() == FaultKind.RESTART_ALL;
    return span.kind().endsStreams()
        && (all || Math.floorMod(span.node(), count) == Math.floorMod(end.node(), count))
        && end.began() <= span.ended()
        && end.ended() >= span.begun();
  }

  /** No fault is worth an error but the one that takes the log back in time. */
  static List<String> errors(String output, boolean mayLoseCommits) {
    return output
        .lines()
        .filter(line -> ERROR.matcher(line).matches())
        .filter(line -> !mayLoseCommits || !line.contains(" log_diverged "))
        .limit(3)
        .map(line -> "logged: " + line)
        .toList();
  }

  /** How often a cluster system ended while its node went on. */
  static long downed(String output) {
    return output.lines().filter(line -> line.contains("cluster_ended")).count();
  }
}
