package dev.gapless.server;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.security.spec.InvalidKeySpecException;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Base64;
import java.util.Collection;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import org.apache.pekko.http.javadsl.ConnectionContext;
import org.apache.pekko.http.javadsl.HttpsConnectionContext;

/** HTTPS out of the two PEM files that certificate authorities hand out. */
final class Tls {
  private static final Pattern KEY =
      Pattern.compile("-----BEGIN PRIVATE KEY-----(.*?)-----END PRIVATE KEY-----", Pattern.DOTALL);
  private static final List<String> ALGORITHMS = List.of("EC", "RSA", "Ed25519");

  private Tls() {}

  static HttpsConnectionContext context(LaunchSettings.Tls files) {
    try {
      char[] password = new char[0];
      KeyStore store = KeyStore.getInstance("PKCS12");
      store.load(null, password);
      store.setKeyEntry("server", key(files.privateKey()), password, chain(files.certificate()));
      KeyManagerFactory keys =
          KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
      keys.init(store, password);
      SSLContext context = SSLContext.getInstance("TLS");
      context.init(keys.getKeyManagers(), null, null);
      return ConnectionContext.httpsServer(context);
    } catch (GeneralSecurityException | IOException e) {
      throw new Refusal("gapless.server.tls: cannot use the files: " + e.getMessage(), e);
    }
  }

  private static Certificate[] chain(Path file) throws GeneralSecurityException, IOException {
    Collection<? extends Certificate> certificates =
        CertificateFactory.getInstance("X.509")
            .generateCertificates(new ByteArrayInputStream(read(file, "certificate")));
    if (certificates.isEmpty()) {
      throw new Refusal("gapless.server.tls.certificate: no certificate in " + file);
    }
    return certificates.toArray(Certificate[]::new);
  }

  private static PrivateKey key(Path file) throws GeneralSecurityException {
    String text = new String(read(file, "private-key"), StandardCharsets.ISO_8859_1);
    Matcher matcher = KEY.matcher(text);
    if (!matcher.find()) {
      throw new Refusal(
          "gapless.server.tls.private-key: no BEGIN PRIVATE KEY in "
              + file
              + " (convert it: openssl pkcs8 -topk8 -nocrypt)");
    }
    PKCS8EncodedKeySpec spec;
    try {
      spec = new PKCS8EncodedKeySpec(Base64.getMimeDecoder().decode(matcher.group(1)));
    } catch (IllegalArgumentException e) {
      throw new Refusal("gapless.server.tls.private-key: " + file + " is damaged", e);
    }
    for (String algorithm : ALGORITHMS) {
      try {
        return KeyFactory.getInstance(algorithm).generatePrivate(spec);
      } catch (InvalidKeySpecException e) {
        // The file does not say which kind of key it holds: the next one is tried.
      }
    }
    throw new Refusal("gapless.server.tls.private-key: " + file + " holds none of " + ALGORITHMS);
  }

  private static byte[] read(Path file, String key) {
    try {
      return Files.readAllBytes(file);
    } catch (IOException e) {
      throw new Refusal("gapless.server.tls." + key + ": cannot read " + file, e);
    }
  }
}
