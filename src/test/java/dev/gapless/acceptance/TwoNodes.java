package dev.gapless.acceptance;

import dev.gapless.testkit.Oracle;
import dev.gapless.testkit.ServerNode;
import dev.gapless.testkit.TestDatabase;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ExtensionContext.Namespace;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolver;

/**
 * Two server processes on one database, started once and shared by all classes that do not harm
 * them. Positions are global: what a class expects begins at the position where it began.
 */
final class TwoNodes implements BeforeAllCallback, ParameterResolver {
  private static final Namespace NAMESPACE = Namespace.create(TwoNodes.class);

  /** What the tests get. */
  static final class Pair implements AutoCloseable {
    final TestDatabase database = TestDatabase.create();
    final Oracle oracle = new Oracle(database.pool(4));
    final ServerNode a = ServerNode.start(database, "");
    final ServerNode b = ServerNode.start(database, "");

    @Override
    public void close() {
      a.stop();
      b.stop();
      database.close();
      a.close();
      b.close();
    }
  }

  @Override
  public void beforeAll(ExtensionContext context) {
    pair(context);
  }

  @Override
  public boolean supportsParameter(ParameterContext parameter, ExtensionContext context) {
    return parameter.getParameter().getType() == Pair.class;
  }

  @Override
  public Object resolveParameter(ParameterContext parameter, ExtensionContext context) {
    return pair(context);
  }

  private static Pair pair(ExtensionContext context) {
    return context
        .getRoot()
        .getStore(NAMESPACE)
        .getOrComputeIfAbsent(Pair.class, key -> new Pair(), Pair.class);
  }
}
