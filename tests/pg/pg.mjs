// What npm's pg sees of a served lake, as one line of JSON. In: the address.
import { createRequire } from "node:module";

const require = createRequire(`${process.env.NODE_FOLDER ?? import.meta.dirname}/`);
const { Client } = require("pg");
const client = new Client({ connectionString: process.argv[2] });
await client.connect();
const first = "select customer_id, emails, first_seen from golden_customer where cardinality(emails) > 0 order by 1 limit 1";
const one = (await client.query(first)).rows[0];
const counted = { name: "counted", text: "select count(*)::int as n from golden_customer where customer_id = $1" };
const prepared = [];
for (let i = 0; i < 2; i++) prepared.push((await client.query({ ...counted, values: [one.customer_id] })).rows[0].n);
let code = null;
try {
  await client.query("delete from rfm where customer_id = $1", [one.customer_id]);
} catch (error) {
  code = error.code;
}
const struct = typeof (await client.query("select named_struct('a', 1, 'b', 'x') as s")).rows[0].s;
await client.end();
console.log(JSON.stringify({ one, prepared, code, struct }));
