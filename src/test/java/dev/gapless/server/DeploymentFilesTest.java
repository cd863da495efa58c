package dev.gapless.server;

import static dev.gapless.server.DeploymentFiles.CONF;
import static dev.gapless.server.DeploymentFiles.NODES;
import static dev.gapless.server.DeploymentFiles.compose;
import static dev.gapless.server.DeploymentFiles.composeNode;
import static dev.gapless.server.DeploymentFiles.container;
import static dev.gapless.server.DeploymentFiles.instruction;
import static dev.gapless.server.DeploymentFiles.kubernetes;
import static dev.gapless.server.DeploymentFiles.pod;
import static dev.gapless.server.DeploymentFiles.unit;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.typesafe.config.Config;
import dev.gapless.GaplessSettings;
import dev.gapless.http.HttpServerSettings;
import dev.gapless.http.HttpSettings;
import dev.gapless.testkit.TestDatabase;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** What conf/ tells Docker, Kubernetes and systemd agrees with what the server does by itself. */
class DeploymentFilesTest {
  private static final Pattern VARIABLE = Pattern.compile("GAPLESS_[A-Z_]+");
  private static final String SELF = "/opt/gapless/bin/gapless";

  /** The tail, the listener, a probe of the listener, housekeeping, the table of the nodes. */
  private static final int CONNECTIONS_BESIDES_THE_POOL = 5;

  /** Those to the database, jars, logs, what the JVM and PostgreSQL's programs open. */
  private static final int OTHER_FILES = 1_000;

  private final Config defaults =
      ConfigSources.load(new CommandLineOptions(), Map.of(), Path.of("nowhere")).config();
  private final LaunchSettings launch = LaunchSettings.from(defaults, Path.of("nowhere"));
  private final GaplessSettings gapless = GaplessSettings.create(defaults);

  @Test
  void everyVariableIsOneThatIsRead() throws IOException {
    Set<String> known = new TreeSet<>(ConfigSources.ENVIRONMENT.keySet());
    known.addAll(List.of("GAPLESS_CONFIG", "GAPLESS_LOG_FORMAT"));
    known.addAll(variables(Path.of("src/main/distribution/bin/gapless")));
    Set<String> used = new TreeSet<>();
    try (Stream<Path> files = Files.walk(CONF)) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        used.addAll(variables(file));
      }
    }
    assertThat(used).contains("GAPLESS_NODE", "GAPLESS_DATABASE_PASSWORD_FILE");
    assertThat(known).containsAll(used);
  }

  private static Set<String> variables(Path file) throws IOException {
    Set<String> names = new TreeSet<>();
    VARIABLE.matcher(Files.readString(file)).results().map(MatchResult::group).forEach(names::add);
    return names;
  }

  @Test
  void noStopIsCutShort() throws IOException {
    assertThat(gapless.drain().plus(launch.shutdownDeadline()))
        .isLessThan(GaplessServer.STOP_LIMIT.minusSeconds(10));

    assertThat(Duration.ofSeconds(Long.parseLong(unit().value("TimeoutStopSec"))))
        .isGreaterThan(GaplessServer.STOP_LIMIT);
    for (String node : NODES) {
      String grace = composeNode(node).get("stop_grace_period").asText();
      assertThat(Duration.parse("PT" + grace.toUpperCase(java.util.Locale.ROOT)))
          .isGreaterThan(GaplessServer.STOP_LIMIT);
    }
    JsonNode pause = container().at("/lifecycle/preStop/exec/command");
    assertThat(pause.get(0).asText()).isEqualTo("sleep");
    assertThat(Duration.ofSeconds(pod().get("terminationGracePeriodSeconds").asLong()))
        .isGreaterThan(GaplessServer.STOP_LIMIT.plusSeconds(pause.get(1).asLong()));
  }

  @Test
  void aSlowStartIsNoFailure() throws IOException {
    Duration longest =
        launch.pool().start().plus(gapless.log().migrateTimeout()).plus(Duration.ofSeconds(15));
    JsonNode startup = container().get("startupProbe");
    long allowed = startup.get("periodSeconds").asLong() * startup.get("failureThreshold").asLong();
    assertThat(Duration.ofSeconds(allowed)).isGreaterThan(longest);
    assertThat(instruction("HEALTHCHECK")).contains("--start-period=" + allowed + "s");
  }

  @Test
  void oneRoadLeadsToThePort() throws IOException {
    String port = Integer.toString(launch.port());
    assertThat(DeploymentFiles.imageEnvironment()).containsEntry("GAPLESS_PORT", port);
    assertThat(instruction("EXPOSE")).isEqualTo(port);
    assertThat(instruction("HEALTHCHECK")).contains("http://127.0.0.1:" + port + "/");
    List<String> published = new ArrayList<>();
    for (String node : NODES) {
      assertThat(composeNode(node).get("ports")).hasSize(1);
      String[] parts = composeNode(node).at("/ports/0").asText().split(":");
      assertThat(parts).hasSize(3).startsWith("127.0.0.1").endsWith(port);
      published.add(parts[1]);
    }
    assertThat(published).doesNotHaveDuplicates();
    assertThat(Files.readString(CONF.resolve("docker/compose.yaml")))
        .contains("'http://127.0.0.1:" + published.get(0) + "/v1/events");

    JsonNode containerPort = container().at("/ports/0");
    assertThat(containerPort.get("containerPort").asText()).isEqualTo(port);
    String name = containerPort.get("name").asText();
    assertThat(kubernetes("Service").at("/spec/ports/0/targetPort").asText()).isEqualTo(name);
    assertThat(kubernetes("NetworkPolicy").at("/spec/ingress/0/ports/0/port").asText())
        .isEqualTo(name);
    for (String probe : List.of("startupProbe", "readinessProbe", "livenessProbe")) {
      assertThat(container().at("/" + probe + "/httpGet/port").asText()).isEqualTo(name);
    }
    // a Service would put "tcp://…" into GAPLESS_PORT
    assertThat(pod().get("enableServiceLinks").asBoolean(true)).isFalse();
  }

  @Test
  void probesAskWhatIsServed() throws IOException {
    JsonNode served =
        new ObjectMapper().readTree(Path.of("docs/openapi.json").toFile()).get("paths");
    String live = container().at("/livenessProbe/httpGet/path").asText();
    String ready = container().at("/readinessProbe/httpGet/path").asText();
    assertThat(live).isEqualTo("/health/live");
    assertThat(ready).isEqualTo("/health/ready");
    assertThat(served.has(live)).isTrue();
    assertThat(served.has(ready)).isTrue();
    assertThat(container().at("/startupProbe/httpGet/path").asText()).isEqualTo(live);
    assertThat(instruction("HEALTHCHECK")).contains(live + "\"]");
  }

  @Test
  void systemdKnowsHowTheServerEnds() throws IOException {
    // 128 + SIGTERM: what a JVM makes of it (DistributionIT)
    assertThat(unit().words("SuccessExitStatus")).containsExactly("143");
    assertThat(unit().words("RestartPreventExitStatus"))
        .containsExactly(Integer.toString(endOf("--no-such-option")));
    assertThat(unit().value("Restart")).isEqualTo("on-failure");
    // others would end the embedded PostgreSQL under the server
    assertThat(unit().value("KillMode")).isEqualTo("mixed");
    assertThat(instruction("STOPSIGNAL")).isEqualTo("SIGTERM");
  }

  private static int endOf(String... arguments) {
    var nowhere = new java.io.PrintStream(java.io.OutputStream.nullOutputStream());
    return Main.run(arguments, Map.of(), nowhere, nowhere);
  }

  @Test
  void everyConnectionGetsAFile() throws IOException {
    int needed =
        HttpServerSettings.create(defaults, HttpSettings.create(defaults)).getMaxConnections()
            + OTHER_FILES;
    assertThat(Integer.parseInt(unit().value("LimitNOFILE"))).isGreaterThan(needed);
    for (String node : NODES) {
      assertThat(composeNode(node).at("/ulimits/nofile").asInt()).isGreaterThan(needed);
    }
  }

  @Test
  void theDatabaseIsDurableAndHasRoomForAllNodes() throws IOException {
    Map<String, String> parameters = new java.util.TreeMap<>();
    for (JsonNode word : compose().at("/services/postgres/command")) {
      if (word.asText().contains("=")) {
        String[] parts = word.asText().split("=", 2);
        parameters.put(parts[0], parts[1]);
      }
    }
    assertThat(parameters)
        .containsEntry("fsync", "on")
        .containsEntry("full_page_writes", "on")
        .containsEntry("synchronous_commit", "on");
    int nodes = launch.pool().size() + CONNECTIONS_BESIDES_THE_POOL;
    assertThat(Integer.parseInt(parameters.get("max_connections")))
        .isGreaterThan(NODES.size() * nodes + 10);
    try (TestDatabase database = TestDatabase.create()) {
      for (String name : parameters.keySet()) {
        String known =
            database.query("SELECT count(*) FROM pg_settings WHERE name = '" + name + "'");
        assertThat(known).as("PostgreSQL knows %s", name).isEqualTo("1");
      }
    }
  }

  @Test
  void allOfKubernetesMeansTheSamePods() throws IOException {
    JsonNode labels = kubernetes("Deployment").at("/spec/template/metadata/labels");
    assertThat(labels).isNotEmpty();
    for (JsonNode selector :
        List.of(
            kubernetes("Deployment").at("/spec/selector/matchLabels"),
            kubernetes("Service").at("/spec/selector"),
            kubernetes("PodDisruptionBudget").at("/spec/selector/matchLabels"),
            kubernetes("NetworkPolicy").at("/spec/podSelector/matchLabels"),
            pod().at("/topologySpreadConstraints/0/labelSelector/matchLabels"))) {
      assertThat(selector).isEqualTo(labels);
    }
    JsonNode rolling = kubernetes("Deployment").at("/spec/strategy/rollingUpdate");
    assertThat(rolling.get("maxUnavailable").asInt()).isEqualTo(1);
    assertThat(kubernetes("PodDisruptionBudget").at("/spec/maxUnavailable").asInt()).isEqualTo(1);
  }

  @Test
  void aContainerRunsAsTheUserOfTheImageAndWritesNowhereElse() throws IOException {
    String user = instruction("USER");
    JsonNode context = pod().get("securityContext");
    assertThat(context.get("runAsUser").asText() + ":" + context.get("runAsGroup").asText())
        .isEqualTo(user);
    assertThat(context.get("fsGroup").asText()).isEqualTo(user.split(":")[1]);
    assertThat(container().at("/securityContext/readOnlyRootFilesystem").asBoolean()).isTrue();
    for (String node : NODES) {
      assertThat(composeNode(node).get("read_only").asBoolean()).isTrue();
      assertThat(composeNode(node).at("/tmpfs/0").asText()).isEqualTo("/tmp");
    }
    List<String> writable = new ArrayList<>();
    for (JsonNode mount : container().get("volumeMounts")) {
      if (!mount.path("readOnly").asBoolean()) {
        writable.add(mount.get("mountPath").asText());
      }
    }
    assertThat(writable).containsExactly("/tmp");
  }

  @Test
  void allStartTheSameThing() throws IOException {
    assertThat(unit().words("ExecStart")).startsWith(SELF);
    assertThat(instruction("ENTRYPOINT")).isEqualTo("[\"" + SELF + "\"]");
    String version = version();
    assertThat(container().get("image").asText()).isEqualTo("gapless:" + version);
    for (String node : NODES) {
      assertThat(composeNode(node).get("image").asText()).isEqualTo("gapless:" + version);
    }
    assertThat(Files.readString(CONF.resolve("docker/Dockerfile"))).contains("gapless:" + version);
  }

  /** Of the release that this becomes. */
  private static String version() throws IOException {
    return Arrays.stream(Files.readString(Path.of("pom.xml")).split("<version>|</version>"))
        .skip(1)
        .findFirst()
        .orElseThrow()
        .replace("-SNAPSHOT", "");
  }
}
