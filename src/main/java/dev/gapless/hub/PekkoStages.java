package dev.gapless.hub;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.apache.pekko.actor.ClassicActorSystemProvider;

/**
 * The stages that Pekko's Java API returns run even their synchronous continuations on the JVM's
 * common pool (Scala's {@code FutureConverters}). With two cores that pool has one thread, or,
 * before JDK 25, a new thread for each continuation; and a host that blocks in it would stop us.
 */
public final class PekkoStages {
  private PekkoStages() {}

  /** The same result as a stage whose continuations run on the actor system's dispatcher. */
  public static <T> CompletableFuture<T> onDispatcher(
      CompletionStage<T> ofPekko, ClassicActorSystemProvider system) {
    CompletableFuture<T> plain = new CompletableFuture<>();
    ofPekko.whenCompleteAsync(
        (result, failure) -> {
          if (failure == null) {
            plain.complete(result);
          } else {
            plain.completeExceptionally(failure);
          }
        },
        system.classicSystem().dispatcher());
    return plain;
  }
}
