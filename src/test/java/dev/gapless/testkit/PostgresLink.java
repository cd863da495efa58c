package dev.gapless.testkit;

import dev.gapless.testkit.PostgresProxy.Use;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** What passes on one connection to PostgreSQL. */
final class PostgresLink implements ProxyTap {
  private final PostgresProxy proxy;
  private final TcpProxy.Link link;
  private final PostgresRequests requests = new PostgresRequests(this::onStatement);
  private final PostgresAnswers answers = new PostgresAnswers();
  private final Set<String> statements = ConcurrentHashMap.newKeySet();
  private volatile Use use = Use.NEW;
  private volatile boolean silent;
  private volatile Optional<PostgresCut> cut = Optional.empty();

  PostgresLink(PostgresProxy proxy, TcpProxy.Link link) {
    this.proxy = proxy;
    this.link = link;
  }

  Use use() {
    return use;
  }

  Set<String> statements() {
    return Set.copyOf(statements);
  }

  void silence() {
    silent = true;
  }

  void close(boolean reset) {
    link.close(reset);
  }

  @Override
  public void sent(byte[] bytes, int length) {
    requests.read(bytes, length);
  }

  @Override
  public boolean passes(boolean up) throws InterruptedException {
    return proxy.rule(up, use).passes() && !silent;
  }

  @Override
  public int allowed(int length) {
    return cut.map(announced -> announced.allow(length)).orElse(length);
  }

  @Override
  public byte[] received(byte[] bytes, int length) {
    return answers.pass(bytes, length, requests.takeRefusedUpgrades(), proxy.isSwallowing());
  }

  @Override
  public void ended() {
    proxy.ended(this);
  }

  private void onStatement(String sql) {
    statements.add(sql);
    PostgresCut announced = proxy.announced();
    if (announced.takes(sql)) {
      cut = Optional.of(announced);
    }
    if (use == Use.NEW || use == Use.POOL) {
      use = useOf(sql.strip());
    }
  }

  private Use useOf(String sql) {
    if (sql.startsWith("LISTEN ")) {
      return Use.LISTENER;
    }
    if (sql.contains("pg_locks") || sql.contains("CASE WHEN id > $1 THEN data::text END")) {
      return Use.TAIL;
    }
    return use == Use.NEW && isOfAnyBeginning(sql) ? Use.NEW : Use.POOL;
  }

  /** What the driver, the tail and the listener say on every new connection. */
  private static boolean isOfAnyBeginning(String sql) {
    return sql.isEmpty()
        || sql.equals("BEGIN")
        || sql.equals("COMMIT")
        || sql.startsWith("SET ")
        || sql.regionMatches(true, 0, "show ", 0, 5)
        || sql.startsWith("SELECT pg_is_in_recovery()")
        || sql.contains("server_version_num")
        || sql.contains("pg_partition_tree")
        || sql.contains("gapless.decided")
        || sql.contains("gapless.retired");
  }
}
