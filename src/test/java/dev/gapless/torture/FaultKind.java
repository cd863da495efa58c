package dev.gapless.torture;

import java.util.List;

/** What can go wrong. Every fault begins, lasts for a while, and is healed. */
enum FaultKind {
  /** A node is killed with SIGKILL, and started again. */
  KILL_NODE(3),
  /** A node is told to end (SIGTERM), and started again. */
  STOP_NODE(1),
  /** A node's process stands still (SIGSTOP), and goes on. */
  PAUSE_NODE(4),
  /** PostgreSQL is stopped in an orderly way, and started again. */
  STOP_POSTGRES(2),
  /** All processes of PostgreSQL are killed at once, and it is started again. */
  KILL_POSTGRES(3),
  /** The backend of a node's listener is terminated, again and again. */
  TERMINATE_LISTENER(4),
  /** Every backend of a node is terminated. */
  TERMINATE_BACKENDS(3),
  /** Nothing passes on the listener's connection, and nobody is told. */
  BLACK_HOLE_LISTENER(3),
  /** Nothing passes between a node and the database, and nobody is told. */
  BLACK_HOLE_DATABASE(4),
  /** What a node and the database send is kept back, and arrives later. */
  HOLD_DATABASE(3),
  /** A node's connections to the database end (FIN), new ones are refused for a while. */
  CUT_DATABASE(3),
  /** A node's connections to the database are reset (RST), again and again. */
  RESET_DATABASE(3),
  /** A node's connections to the database are reset in the middle of an answer. */
  RESET_IN_ANSWER(4),
  /** Each portion of bytes between a node and the database takes 200 ms each way. */
  SLOW_DATABASE(3),
  /** No writer's transaction notifies. */
  NO_NOTIFY(3),
  /** Notifications are swallowed on the way to a node, as behind a pooler. */
  SWALLOW_NOTIFICATIONS(3),
  /** A node's wall clock jumps, forward or back. */
  CLOCK_JUMP(3),
  /** PostgreSQL's disk is full. */
  DISK_FULL(2),
  /** A transaction stays prepared, also across a restart of PostgreSQL. */
  PREPARED_IN_DOUBT(2),
  /** A writer draws positions and keeps its transaction open. */
  PARKED_WRITER(3),
  /** The backends of all writers are terminated in the middle of what they do. */
  TERMINATE_WRITERS(3),
  /** One transaction of 100,000 rows, mostly rolled back. */
  BULK(2),
  /** Commits that do not wait for the disk, and then PostgreSQL is killed. */
  ASYNC_CRASH(2),
  /** The connections of a node's clients are reset. */
  RESET_CLIENTS(3),
  /** Nothing passes between a node and its clients, and nobody is told. */
  BLACK_HOLE_CLIENTS(3),
  /** All subscribers leave and come back at once, at whatever node. */
  STORM(3),
  /** Nothing reaches a node's cluster system any more, until it has been downed. */
  BLACK_HOLE_ARTERY(0),
  /** Nothing reaches any cluster system any more, until all have been downed. */
  BLACK_HOLE_ALL_ARTERY(0),
  /** The nodes fall into two groups that do not reach each other, until one has been downed. */
  PARTITION(0),
  /** Some nodes, or all of them, are killed with SIGKILL at once, and started again at once. */
  KILL_SEVERAL(0),
  /** All nodes are told to end (SIGTERM) at once, and started again at once. */
  RESTART_ALL(0);

  /** Those that need a cluster; they are drawn for nobody else. What only parts it comes first. */
  static final List<FaultKind> OF_THE_CLUSTER =
      List.of(BLACK_HOLE_ARTERY, BLACK_HOLE_ALL_ARTERY, PARTITION, KILL_SEVERAL, RESTART_ALL);

  /** How often it is drawn, compared with the others, where nodes know nothing of each other. */
  final int weight;

  FaultKind(int weight) {
    this.weight = weight;
  }

  /** Whether committed events may be gone afterwards, so that a reset may be justified. */
  boolean losesCommits() {
    return this == ASYNC_CRASH;
  }

  /** Whether streams of the nodes it is about may be ended by somebody else than their clients. */
  boolean endsStreams() {
    return switch (this) {
      case KILL_NODE, STOP_NODE, RESET_CLIENTS, BLACK_HOLE_CLIENTS, KILL_SEVERAL, RESTART_ALL ->
          true;
      default -> false;
    };
  }

  /** Whether it disturbs what the members of a cluster say to each other, and nothing else. */
  boolean partsTheCluster() {
    return this == BLACK_HOLE_ARTERY || this == BLACK_HOLE_ALL_ARTERY || this == PARTITION;
  }
}
