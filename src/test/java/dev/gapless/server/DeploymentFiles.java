package dev.gapless.server;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.gapless.testkit.ServiceUnit;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.yaml.snakeyaml.LoaderOptions;
import org.yaml.snakeyaml.Yaml;
import org.yaml.snakeyaml.constructor.SafeConstructor;

/** What conf/ has for Docker, Kubernetes and systemd. */
final class DeploymentFiles {
  static final Path CONF = Path.of("conf");
  static final Path COMPOSE_CONFIG = CONF.resolve("docker/application.conf");
  static final Path ENVIRONMENT = CONF.resolve("systemd/environment");
  static final List<String> NODES = List.of("node-1", "node-2", "node-3");

  /** What Kubernetes would give a pod. */
  static final String POD_IP = "10.244.1.17";

  private static final Pattern ASSIGNMENT = Pattern.compile("([A-Z_]+)=(\\S+)");

  private DeploymentFiles() {}

  static ServiceUnit unit() {
    return ServiceUnit.read(CONF.resolve("systemd/gapless.service"));
  }

  /** The arguments of an instruction that the Dockerfile has once. */
  static String instruction(String name) throws IOException {
    List<String> found =
        Files.readString(CONF.resolve("docker/Dockerfile"))
            .replace("\\\n", " ")
            .lines()
            .filter(line -> line.startsWith(name + " "))
            .map(line -> line.substring(name.length()).strip())
            .toList();
    if (found.size() != 1) {
      throw new AssertionError(name + " is there " + found.size() + " times, not once");
    }
    return found.get(0);
  }

  static Map<String, String> imageEnvironment() throws IOException {
    Map<String, String> variables = new LinkedHashMap<>();
    ASSIGNMENT
        .matcher(instruction("ENV"))
        .results()
        .forEach(found -> variables.put(found.group(1), found.group(2)));
    return variables;
  }

  static JsonNode compose() throws IOException {
    return documents("docker/compose.yaml").get(0);
  }

  static JsonNode composeNode(String name) throws IOException {
    return compose().at("/services/" + name);
  }

  /** With what the image sets. */
  static Map<String, String> composeEnvironment(String name) throws IOException {
    Map<String, String> variables = imageEnvironment();
    composeNode(name)
        .get("environment")
        .properties()
        .forEach(entry -> variables.put(entry.getKey(), entry.getValue().asText()));
    return variables;
  }

  static JsonNode kubernetes(String kind) throws IOException {
    return documents("kubernetes/gapless.yaml").stream()
        .filter(document -> document.path("kind").asText().equals(kind))
        .findFirst()
        .orElseThrow();
  }

  /** What its Deployment makes. */
  static JsonNode pod() throws IOException {
    return kubernetes("Deployment").at("/spec/template/spec");
  }

  static JsonNode container() throws IOException {
    return pod().at("/containers/0");
  }

  /** With what the image sets. */
  static Map<String, String> kubernetesEnvironment() throws IOException {
    Map<String, String> variables = imageEnvironment();
    for (JsonNode entry : container().get("env")) {
      String value =
          switch (entry.at("/valueFrom/fieldRef/fieldPath").asText()) {
            case "metadata.name" -> "gapless-7d9c5b8f6d-x2x4z";
            case "status.podIP" -> POD_IP;
            default -> entry.get("value").asText();
          };
      variables.put(entry.get("name").asText(), value);
    }
    return variables;
  }

  private static List<JsonNode> documents(String file) throws IOException {
    Yaml yaml = new Yaml(new SafeConstructor(new LoaderOptions()));
    ObjectMapper mapper = new ObjectMapper();
    List<JsonNode> documents = new ArrayList<>();
    for (Object document : yaml.loadAll(Files.readString(CONF.resolve(file)))) {
      documents.add(mapper.valueToTree(document));
    }
    return documents;
  }
}
