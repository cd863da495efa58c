package dev.gapless.files;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import dev.gapless.http.AccessGuard;
import dev.gapless.http.Admission;
import dev.gapless.http.AuthSettings;
import dev.gapless.http.HttpServerSettings;
import dev.gapless.http.HttpSettings;
import dev.gapless.http.Problems;
import dev.gapless.http.RevocationView;
import java.time.Duration;
import org.apache.pekko.actor.typed.ActorSystem;
import org.apache.pekko.http.javadsl.Http;
import org.apache.pekko.http.javadsl.ServerBinding;
import org.apache.pekko.http.javadsl.server.Route;

/** A face of a file store on a real socket. */
public final class FaceServer implements AutoCloseable {
  private final ServerBinding binding;

  /** Makes the routes to serve. */
  public interface Face {
    Route routes(ActorSystem<?> system, FileStore store, AccessGuard guard, HttpSettings http);
  }

  private FaceServer(ServerBinding binding) {
    this.binding = binding;
  }

  public static FaceServer open(FileFixture files, Face face) {
    return start(files, face, "");
  }

  /**
   * @param settings in front of the defaults
   */
  public static FaceServer start(FileFixture files, Face face, String settings) {
    Config config =
        ConfigFactory.parseString(settings).withFallback(ConfigFactory.load()).resolve();
    HttpSettings http = HttpSettings.create(config);
    AccessGuard guard = AccessGuard.create(AuthSettings.create(config), http, RevocationView.NONE);
    ActorSystem<?> system = files.kit.system();
    return new FaceServer(
        FileFixture.get(
            Http.get(system)
                .newServerAt("127.0.0.1", 0)
                .withSettings(HttpServerSettings.create(config, http))
                .bind(Problems.seal(face.routes(system, files.store, guard, http)))));
  }

  static Route nativeFace(
      ActorSystem<?> system, FileStore store, AccessGuard guard, HttpSettings http) {
    return FileRoutes.create(system, store, guard, Admission.create(http.admission()), http)
        .routes();
  }

  public int port() {
    return binding.localAddress().getPort();
  }

  @Override
  public void close() {
    FileFixture.get(binding.terminate(Duration.ofMillis(100)));
  }
}
