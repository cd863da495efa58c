package dev.gapless.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import dev.gapless.GaplessSettings;
import dev.gapless.cluster.ClusterSettings;
import dev.gapless.http.AuthSettings;
import dev.gapless.server.LaunchSettings.Database.External;
import dev.gapless.testkit.ServiceUnit;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;

/**
 * The server accepts the configuration that conf/ gives it under Docker, Kubernetes and systemd.
 */
class DeploymentConfigTest {
  private static final Pattern EXAMPLE_TOKEN = Pattern.compile("The SHA-256 of \"([^\"]+)\"");
  private static final Pattern TOKENS_IN_THE_DOCS =
      Pattern.compile("(?s)```hocon\\n(gapless\\.auth\\.tokens = .*?)```");

  /** Stands for /etc/gapless and /run/secrets. */
  @TempDir Path files;

  @ParameterizedTest
  @ValueSource(strings = {"node-1", "node-2", "node-3"})
  void underCompose(String node) throws IOException {
    Files.copy(DeploymentFiles.COMPOSE_CONFIG, files.resolve("application.conf"));
    Files.writeString(files.resolve("database-password"), "of-the-file\n");
    assertThat(DeploymentFiles.composeNode(node).at("/volumes/0").asText())
        .isEqualTo("./application.conf:/etc/gapless/application.conf:ro");

    ConfigSources sources = sources(DeploymentFiles.composeEnvironment(node));
    LaunchSettings settings = acceptedByAll(sources);
    assertThat(settings.node()).isEqualTo(node);
    assertListensForOthers(sources, settings);
    // by this name the containers of one network find each other
    assertThat(cluster(sources).host()).isEqualTo(node);
  }

  @Test
  void underKubernetes() throws IOException {
    Files.writeString(
        files.resolve("application.conf"),
        DeploymentFiles.kubernetes("ConfigMap").at("/data/application.conf").asText());
    Files.writeString(files.resolve("database-password"), "of-the-file\n");
    assertThatThrownBy(() -> sources(DeploymentFiles.kubernetesEnvironment()))
        .as("without the Secret")
        .isInstanceOf(Refusal.class)
        .hasMessageContaining("tokens.conf");

    Matcher documented =
        TOKENS_IN_THE_DOCS.matcher(Files.readString(Path.of("docs/operations.md")));
    assertThat(documented.find()).isTrue();
    Files.writeString(
        files.resolve("tokens.conf"),
        documented.group(1).replace("<64 hex digits>", "0123456789abcdef".repeat(4)));
    ConfigSources sources = sources(DeploymentFiles.kubernetesEnvironment());
    LaunchSettings settings = acceptedByAll(sources);
    assertThat(settings.node()).startsWith("gapless-");
    assertListensForOthers(sources, settings);
    assertThat(cluster(sources).host()).isEqualTo(DeploymentFiles.POD_IP);
    JsonNode port = DeploymentFiles.container().at("/ports/1");
    assertThat(port.get("containerPort").asInt()).isEqualTo(cluster(sources).port());
    JsonNode fromNodes = DeploymentFiles.kubernetes("NetworkPolicy").at("/spec/ingress/1");
    assertThat(fromNodes.at("/ports/0/port")).isEqualTo(port.get("name"));
    assertThat(fromNodes.at("/from/0/podSelector/matchLabels"))
        .as("whoever reaches it commands the cluster")
        .isEqualTo(DeploymentFiles.kubernetes("Deployment").at("/spec/selector/matchLabels"));
    assertThat(fromNodes.get("from")).hasSize(1);
  }

  private static ClusterSettings cluster(ConfigSources sources) {
    ClusterSettings cluster = ClusterSettings.create(sources.config());
    assertThat(cluster.enabled()).isTrue();
    assertThat(cluster.management().enabled()).isFalse();
    assertThat(cluster.port()).isPositive();
    return cluster;
  }

  private static void assertListensForOthers(ConfigSources sources, LaunchSettings settings) {
    assertThat(settings.networkInterface()).isEqualTo("0.0.0.0");
    assertThat(AuthSettings.create(sources.config()).isOpen()).isFalse();
    assertThat(AuthSettings.create(sources.config()).tokens()).isNotEmpty();
    assertThat(((External) settings.database()).address().password()).contains("of-the-file");
  }

  @Test
  void underSystemd() throws IOException {
    Files.copy(DeploymentFiles.CONF.resolve("application.conf"), files.resolve("application.conf"));
    Map<String, String> environment = new LinkedHashMap<>();
    ServiceUnit variables = ServiceUnit.read(DeploymentFiles.ENVIRONMENT);
    variables.settings().keySet().forEach(name -> environment.put(name, variables.value(name)));
    List<String> command = DeploymentFiles.unit().words("ExecStart");

    LaunchSettings settings =
        acceptedByAll(
            sources(environment, command.subList(1, command.size()).toArray(String[]::new)));
    assertThat(settings.networkInterface()).isEqualTo("127.0.0.1");
    assertThat(((External) settings.database()).address().password()).contains("replace-me");
    assertThat(DeploymentFiles.unit().value("EnvironmentFile"))
        .isEqualTo("/etc/gapless/environment");
  }

  @Test
  void theExampleTokenHasTheHashBesideIt() throws Exception {
    String config = Files.readString(DeploymentFiles.COMPOSE_CONFIG);
    Matcher token = EXAMPLE_TOKEN.matcher(config);
    assertThat(token.find()).isTrue();
    byte[] hash =
        MessageDigest.getInstance("SHA-256")
            .digest(token.group(1).getBytes(StandardCharsets.UTF_8));
    assertThat(config).contains("sha256 = \"" + HexFormat.of().formatHex(hash) + "\"");
    assertThat(Files.readString(DeploymentFiles.CONF.resolve("docker/compose.yaml")))
        .contains("Bearer " + token.group(1) + "'");
  }

  private ConfigSources sources(Map<String, String> environment, String... arguments) {
    Map<String, String> translated = new LinkedHashMap<>();
    environment.forEach((name, value) -> translated.put(name, here(value)));
    CommandLineOptions options = new CommandLineOptions();
    new CommandLine(options)
        .parseArgs(java.util.Arrays.stream(arguments).map(this::here).toArray(String[]::new));
    return ConfigSources.load(options, translated, files.resolve("elsewhere"));
  }

  private String here(String value) {
    return value
        .replace("/etc/gapless", files.toString())
        .replace("/run/secrets", files.toString());
  }

  private LaunchSettings acceptedByAll(ConfigSources sources) {
    assertThat(sources.file()).contains(files.resolve("application.conf"));
    assertThat(GaplessSettings.create(sources.config())).isNotNull();
    LaunchSettings settings = LaunchSettings.from(sources.config(), files);
    assertThat(settings.port()).isEqualTo(8080);
    assertThat(settings.database()).isInstanceOf(External.class);
    assertThat(((External) settings.database()).address().user()).contains("gapless");
    return settings;
  }
}
