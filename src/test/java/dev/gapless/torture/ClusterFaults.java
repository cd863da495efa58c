package dev.gapless.torture;

import dev.gapless.torture.World.Node;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import org.awaitility.Awaitility;
import org.awaitility.core.ConditionTimeoutException;

/** What can happen to a cluster as a whole. */
final class ClusterFaults {
  /**
   * How long a part of the cluster may take to be downed. It need not be: a node that was just
   * restarted is no member that could be.
   */
  private static final Duration DOWNED = Duration.ofSeconds(25);

  private static final Duration POLL = Duration.ofMillis(200);

  private final World world;
  private final Runnable whileParted;
  private final ReentrantLock parting = new ReentrantLock();

  ClusterFaults(World world, Runnable whileParted) {
    this.world = world;
    this.whileParted = whileParted;
  }

  /** One after the other: they would heal each other. */
  void part(Step step) {
    parting.lock();
    try {
      List<Node> all = world.nodes;
      switch (step.kind()) {
        case BLACK_HOLE_ARTERY -> part(step, List.of(List.of(world.node(step.node()))));
        case BLACK_HOLE_ALL_ARTERY -> part(step, List.of(all));
        default -> part(step, groups(step));
      }
    } finally {
      world.memberships().forEach(Membership::heal);
      parting.unlock();
    }
  }

  /** Two, neither of which is empty. */
  private List<List<Node>> groups(Step step) {
    int count = world.nodes.size();
    int which = 1 + (int) Math.floorMod(step.argument(), (1L << count) - 2);
    List<Node> one = new ArrayList<>();
    List<Node> other = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      ((which >> i & 1) == 0 ? one : other).add(world.nodes.get(i));
    }
    return List.of(one, other);
  }

  /**
   * @param groups of which one is downed: all of it
   */
  private void part(Step step, List<List<Node>> groups) {
    Map<String, Long> before = new TreeMap<>();
    world.nodes.forEach(node -> before.put(node.server().name(), systems(node)));
    if (groups.size() == 1) {
      groups.get(0).forEach(node -> membership(node).blackHole());
    } else {
      for (int i = 0; i < 2; i++) {
        List<Membership> others =
            groups.get(1 - i).stream().map(ClusterFaults::membership).toList();
        groups.get(i).forEach(node -> membership(node).doNotHear(others));
      }
    }
    try {
      Awaitility.await("a part of the cluster is downed")
          .atMost(DOWNED)
          .pollInterval(POLL)
          .until(
              () ->
                  groups.stream()
                      .anyMatch(
                          group ->
                              group.stream()
                                  .allMatch(
                                      node -> systems(node) > before.get(node.server().name()))));
    } catch (ConditionTimeoutException e) {
      // something else was going on
    }
    LockSupport.parkNanos(step.lasts().toNanos());
    whileParted.run();
  }

  private static Membership membership(Node node) {
    return node.membership().orElseThrow();
  }

  /** How many of its cluster systems have ended, while the node went on or by its restart. */
  private static long systems(Node node) {
    return node.server()
        .output()
        .lines()
        .filter(line -> line.contains("cluster_ended") || line.contains("Gapless is listening on"))
        .count();
  }

  /** At once: none of them can say anything to the others any more. */
  void killSeveral(Step step) {
    List<Node> killed = new ArrayList<>();
    int count = world.nodes.size();
    // two at least, where there are as many
    long which = 1 + Math.floorMod(step.argument(), (1L << count) - 1);
    for (int i = 0; i < count; i++) {
      if ((which >> i & 1) == 1 || i == Math.floorMod(step.node(), count)) {
        killed.add(world.nodes.get(i));
      }
    }
    if (killed.size() == 1) {
      killed.add(world.node(step.node() + 1));
    }
    together(
        killed,
        0,
        () -> {
          killed.forEach(node -> node.server().process().process().destroyForcibly());
          killed.forEach(node -> node.server().kill9());
          LockSupport.parkNanos(step.lasts().toNanos());
          killed.forEach(node -> node.server().launch());
        });
  }

  void restartAll(Duration lasts) {
    List<Node> all = world.nodes;
    together(
        all,
        0,
        () -> {
          all.forEach(World::resume);
          all.forEach(node -> node.server().process().process().destroy());
          all.forEach(node -> node.server().stop());
          LockSupport.parkNanos(lasts.toNanos());
          all.forEach(node -> node.server().launch());
        });
  }

  /** While nobody else stops or starts any of these. In the order of all nodes: no deadlock. */
  private void together(List<Node> nodes, int next, Runnable task) {
    if (next == nodes.size()) {
      task.run();
      return;
    }
    synchronized (nodes.get(next)) {
      together(nodes, next + 1, task);
    }
  }
}
