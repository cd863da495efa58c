/**
 * What a node has to survive: a test for each kind of fault, with server processes, real
 * connections and an exact comparison of what clients got with what was committed. Some kinds have
 * theirs in other packages:
 *
 * <table>
 *   <caption>Kinds of faults and their tests</caption>
 *   <tr><td>kill -9 and restart of a node</td><td>{@code acceptance.NodeCrashTest}</td></tr>
 *   <tr><td>stop and start of PostgreSQL</td><td>{@code acceptance.DatabaseOutageTest}</td></tr>
 *   <tr><td>kill -9 and start of PostgreSQL</td><td>{@code PostgresKilledTest}</td></tr>
 *   <tr><td>listener's backend terminated, each second</td><td>{@code ListenerTerminatedTest}</td></tr>
 *   <tr><td>listener alone black-holed</td><td>{@code ListenerBlackHoledTest}</td></tr>
 *   <tr><td>everything black-holed</td><td>{@code DatabaseBlackHoledTest}</td></tr>
 *   <tr><td>NOTIFY never sent</td><td>{@code acceptance.NotificationLossTest}</td></tr>
 *   <tr><td>a pooler swallows LISTEN</td><td>{@code PoolerSwallowsListenTest}</td></tr>
 *   <tr><td>catch-up fails in the middle of a page</td>
 *       <td>{@code acceptance.CutInCatchUpTest}, {@code acceptance.CatchUpFailureTest}</td></tr>
 *   <tr><td>the clock jumps</td><td>{@code ClockJumpTest}</td></tr>
 *   <tr><td>the disk is full</td><td>{@code DiskFullTest}</td></tr>
 *   <tr><td>a node stands still</td><td>{@code NodePausedTest}</td></tr>
 *   <tr><td>a slow database</td><td>{@code SlowDatabaseTest}</td></tr>
 *   <tr><td>a prepared transaction in doubt over a restart</td>
 *       <td>{@code PreparedTransactionInDoubtTest}</td></tr>
 *   <tr><td>a crash after asynchronous commits</td><td>{@code acceptance.LogWentBackTest}</td></tr>
 *   <tr><td>a writer's backend terminated in its transaction</td><td>{@code WriterTerminatedTest}</td></tr>
 *   <tr><td>the connection lost at COMMIT</td><td>{@code acceptance.CommitInDoubtTest}</td></tr>
 *   <tr><td>restore and fail-over</td><td>package {@code failover}</td></tr>
 * </table>
 */
@NullMarked
package dev.gapless.faults;

import org.jspecify.annotations.NullMarked;
