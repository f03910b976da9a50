/** The configuration of one node of a small Cassandra: quick to start, small in memory. */
import { join } from "node:path";

export interface CassandraNode {
  readonly node: number;
  readonly addresses: readonly string[];
  readonly cqlPort: number;
  readonly storagePort: number;
  readonly folder: string;
  readonly heapMiB: number;
}

const ring = 2n ** 64n;
const lowestToken = -(2n ** 63n);

export function cassandraYaml(options: CassandraNode): string {
  const { node, addresses, cqlPort, storagePort, folder, heapMiB } = options;
  // One fixed token a node: nothing has to be agreed on at the start.
  const token = lowestToken + (BigInt(node) * ring) / BigInt(addresses.length);
  const memtableMiB = Math.floor(heapMiB / 6);
  return `cluster_name: godwit
partitioner: org.apache.cassandra.dht.Murmur3Partitioner
num_tokens: 1
initial_token: '${token}'
auto_bootstrap: false
seed_provider:
  - class_name: org.apache.cassandra.locator.SimpleSeedProvider
    parameters:
      - seeds: '${addresses[0]}:${storagePort}'
listen_address: ${addresses[node]}
rpc_address: ${addresses[node]}
storage_port: ${storagePort}
ssl_storage_port: ${storagePort + 1}
native_transport_port: ${cqlPort}
endpoint_snitch: GossipingPropertyFileSnitch
data_file_directories:
  - ${join(folder, "data")}
commitlog_directory: ${join(folder, "commitlog")}
saved_caches_directory: ${join(folder, "saved_caches")}
hints_directory: ${join(folder, "hints")}
cdc_raw_directory: ${join(folder, "cdc_raw")}

# What was acknowledged survives kill -9: periodic sync loses the last 100 ms, even when mapped.
commitlog_disk_access_mode: mmap
commitlog_sync: batch
commitlog_segment_size: 32MiB
commitlog_total_space: 512MiB
disk_failure_policy: stop
commit_failure_policy: stop

storage_compatibility_mode: NONE
paxos_variant: v2
auto_snapshot: false
dynamic_snitch: false
materialized_views_enabled: false
user_defined_functions_enabled: false

concurrent_reads: 16
concurrent_writes: 16
concurrent_counter_writes: 2
concurrent_compactors: 1
compaction_throughput: 0MiB/s
memtable:
  configurations:
    default:
      inherits: trie
    trie:
      class_name: TrieMemtable
memtable_allocation_type: offheap_objects
memtable_heap_space: ${memtableMiB}MiB
memtable_offheap_space: ${memtableMiB}MiB
memtable_flush_writers: 1
file_cache_size: 32MiB
networking_cache_size: 32MiB
key_cache_size: 0MiB
counter_cache_size: 0MiB
prepared_statements_cache_size: 10MiB
column_index_size: 4KiB
sstable:
  selected_format: bti
  format:
    bti: {}
hints_flush_period: 2s
max_hints_delivery_threads: 1

write_request_timeout: 5s
read_request_timeout: 8s
range_request_timeout: 15s
request_timeout: 15s
`;
}

export const logbackXml = `<configuration scan="false">
  <shutdownHook class="ch.qos.logback.core.hook.DefaultShutdownHook"/>
  <appender name="OUT" class="ch.qos.logback.core.ConsoleAppender">
    <encoder><pattern>%-5level %date{ISO8601} %F:%L - %msg%n</pattern></encoder>
  </appender>
  <root level="INFO"><appender-ref ref="OUT"/></root>
</configuration>
`;
