package dev.gapless.server;

import dev.gapless.cluster.ClusterNode;
import dev.gapless.dashboard.Peers;
import java.util.LinkedHashMap;
import java.util.Map;

/** The members of the cluster, for the dashboard. */
record ClusterPeers(ClusterNode cluster) implements Peers {
  @Override
  public void say(String view, String series) {
    cluster.say(view, series);
  }

  @Override
  public Map<String, Said> heard() {
    Map<String, Said> heard = new LinkedHashMap<>();
    cluster
        .reports()
        .forEach((node, report) -> heard.put(node, new Said(report.view(), report.series())));
    return heard;
  }

  @Override
  public void drain(String node) {
    cluster.drain(node);
  }
}
