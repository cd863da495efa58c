package dev.gapless.testkit;

import java.time.Duration;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * A network between a node and PostgreSQL which tells the node's connections apart by the
 * statements on them, and can disturb some of them alone. Give each node one of its own. Rules hold
 * for connections that exist and for new ones. Thread-safe.
 *
 * <p>Needs a connection without TLS.
 */
public final class PostgresProxy implements AutoCloseable {
  /** What a connection is for. */
  public enum Use {
    /** Nobody has said yet: it has just been opened. */
    NEW,
    /** It has said {@code LISTEN}. */
    LISTENER,
    /** It decides the head of the log. */
    TAIL,
    /** Everything else: catch-up, pages, publishing, files, the listener's probes. */
    POOL
  }

  private final TcpProxy tcp;
  private final Set<PostgresLink> links = ConcurrentHashMap.newKeySet();
  private final Map<Use, ProxyFlow> toServer = new EnumMap<>(Use.class);
  private final Map<Use, ProxyFlow> toClient = new EnumMap<>(Use.class);
  private volatile boolean swallowing;
  private volatile PostgresCut cut = PostgresCut.none();

  private PostgresProxy(int port) {
    for (Use use : Use.values()) {
      toServer.put(use, new ProxyFlow());
      toClient.put(use, new ProxyFlow());
    }
    tcp =
        TcpProxy.to(
            port,
            link -> {
              PostgresLink made = new PostgresLink(this, link);
              links.add(made);
              return made;
            });
  }

  /** In front of this database's server. */
  public static PostgresProxy to(TestDatabase database) {
    return new PostgresProxy(database.port());
  }

  /** In front of a PostgreSQL at a port of 127.0.0.1. */
  public static PostgresProxy to(int port) {
    return new PostgresProxy(port);
  }

  /** Where clients connect, on 127.0.0.1. */
  public int port() {
    return tcp.port();
  }

  /** The database's address by way of this proxy. */
  public String jdbcUrl(TestDatabase database) {
    return database.jdbcUrl().replace(":" + database.port() + "/", ":" + port() + "/");
  }

  /** For what concerns all connections alike: flow, delay, cut, reset, accepting. */
  public TcpProxy all() {
    return tcp;
  }

  /** Both directions of the connections of this use. */
  public void flow(Use use, TcpProxy.Flow flow) {
    toServer(use, flow);
    toClient(use, flow);
  }

  public void toServer(Use use, TcpProxy.Flow flow) {
    rule(toServer, use).flow(flow);
  }

  public void toClient(Use use, TcpProxy.Flow flow) {
    rule(toClient, use).flow(flow);
  }

  /** Each portion of bytes arrives this much later, in each direction. */
  public void delay(Use use, Duration delay) {
    rule(toServer, use).delay(delay);
    rule(toClient, use).delay(delay);
  }

  /**
   * The connections of this use that exist now fall silent for good, in both directions, and new
   * ones work: as behind a firewall that has forgotten them.
   */
  public void silence(Use use) {
    of(use).forEach(PostgresLink::silence);
  }

  /** Ends the connections of this use in an orderly way (FIN). */
  public void cut(Use use) {
    of(use).forEach(link -> link.close(false));
  }

  /** Ends the connections of this use as a crashed peer does (RST). */
  public void reset(Use use) {
    of(use).forEach(link -> link.close(true));
  }

  /**
   * As a pooler in transaction mode: LISTEN is accepted, and no notification ever arrives. For all
   * connections.
   */
  public void swallowNotifications(boolean yes) {
    swallowing = yes;
  }

  /**
   * Resets the connection that sends, from now on, a statement with this text in it, when so many
   * bytes have come back after it: with enough rows, in the middle of a page. It happens once;
   * {@link #hasReset} tells when.
   */
  public void resetInAnswer(String text, long bytes) {
    cut = PostgresCut.after(text, bytes);
  }

  /** Whether the announced reset has happened. */
  public boolean hasReset() {
    return cut.isDone();
  }

  public int connections(Use use) {
    return of(use).size();
  }

  /** The statements sent on the connections that are open now, for a test's own curiosity. */
  public Set<String> statements(Use use) {
    Set<String> all = new java.util.TreeSet<>();
    of(use).forEach(link -> all.addAll(link.statements()));
    return all;
  }

  @Override
  public void close() {
    tcp.close();
    for (Use use : Use.values()) {
      flow(use, TcpProxy.Flow.PASS);
    }
  }

  ProxyFlow rule(boolean up, Use use) {
    return rule(up ? toServer : toClient, use);
  }

  boolean isSwallowing() {
    return swallowing;
  }

  PostgresCut announced() {
    return cut;
  }

  void ended(PostgresLink link) {
    links.remove(link);
  }

  private List<PostgresLink> of(Use use) {
    return links.stream().filter(link -> link.use() == use).toList();
  }

  private static ProxyFlow rule(Map<Use, ProxyFlow> rules, Use use) {
    ProxyFlow rule = rules.get(use);
    if (rule == null) {
      throw new IllegalArgumentException("" + use);
    }
    return rule;
  }
}
