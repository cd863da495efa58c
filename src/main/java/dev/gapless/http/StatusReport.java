package dev.gapless.http;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;

/**
 * What {@code GET /v1/status} shows beside the hub: the node's name, versions, and sections that
 * other parts of the node contribute. Values are records, maps, numbers and texts; they hold no
 * payloads, owners, paths or credentials. Immutable; the suppliers are called on each request and
 * must not block.
 */
public final class StatusReport {
  private final String node;
  private final BooleanSupplier follows;
  private final Map<String, Supplier<?>> sections;

  private StatusReport(String node, BooleanSupplier follows, Map<String, Supplier<?>> sections) {
    this.node = node;
    this.follows = follows;
    this.sections = sections;
  }

  /**
   * @param node this node's name
   * @param follows whether the node reaches its database and its head moves; ready needs it
   */
  public static StatusReport create(String node, BooleanSupplier follows) {
    return new StatusReport(node, follows, Map.of());
  }

  /** Adds a section such as {@code tail} or {@code listener}. */
  public StatusReport with(String name, Supplier<?> section) {
    Map<String, Supplier<?>> more = new LinkedHashMap<>(sections);
    more.put(name, section);
    return new StatusReport(node, follows, more);
  }

  boolean isReady(HttpServices services) {
    return services.hub().isReady() && !services.isDraining() && follows.getAsBoolean();
  }

  ObjectNode render(HttpServices services) {
    ObjectNode status = Json.object();
    status.put("node", node);
    ObjectNode versions = status.putObject("versions");
    versions.put("gapless", version(StatusReport.class));
    versions.put("pekko", org.apache.pekko.Version.current());
    versions.put("java", Runtime.version().toString());
    status.put("ready", isReady(services));
    status.put("streams", services.openStreams());
    status.set("admission", StatusJson.tree(services.admission().status()));
    status.put("revocationsStale", services.revocations().isStale());
    status.set("hub", StatusJson.tree(services.hub().status()));
    sections.forEach((name, section) -> status.set(name, StatusJson.tree(section.get())));
    return status;
  }

  static String version(Class<?> of) {
    String version = of.getPackage().getImplementationVersion();
    return version == null ? "development" : version;
  }
}
