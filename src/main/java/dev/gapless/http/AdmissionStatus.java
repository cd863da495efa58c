package dev.gapless.http;

import java.util.Collections;
import java.util.EnumMap;
import java.util.Map;

/**
 * What a node has refused since its start although it was allowed. Immutable.
 *
 * @param refused how often, for each reason; a reason that never refused anything has 0
 */
public record AdmissionStatus(Map<Refusal, Long> refused) {
  public AdmissionStatus {
    refused = Collections.unmodifiableMap(new EnumMap<>(refused));
  }

  public long refused(Refusal refusal) {
    return refused.getOrDefault(refusal, 0L);
  }
}
