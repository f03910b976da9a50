/** A client for a few changes of the schema, and no longer. */
import { Client } from "cassandra-driver";
import { StoreUnavailable } from "#lib/store/store";
import { type CassandraOptions, clientOptions } from "./connection.ts";
import { reasonOf } from "./failure.ts";

/** A change of the schema takes seconds on a busy cluster. */
const changeMsMax = 60_000;
const agreementSecondsMax = 60;

/** The keyspace need not be there. @throws {StoreUnavailable} */
export async function withClient<T>(
  options: CassandraOptions,
  act: (client: Client) => Promise<T>,
): Promise<T> {
  const { keyspace, ...common } = clientOptions(options);
  const client = new Client({
    ...common,
    socketOptions: { ...common.socketOptions, readTimeout: changeMsMax },
    protocolOptions: { maxSchemaAgreementWaitSeconds: agreementSecondsMax },
  });
  try {
    await client.connect();
    return await act(client);
  } catch (cause) {
    const message = `Cannot read or change the tables of "${keyspace}": ${reasonOf(cause)}`;
    throw new StoreUnavailable(message, { cause });
  } finally {
    await client.shutdown();
  }
}
