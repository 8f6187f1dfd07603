// Node's own fetch: node fetch.mjs BASE PICTURE LABEL LARGE ITS-LABEL HUGE
import { createReadStream, openAsBlob } from "node:fs";
import { Readable } from "node:stream";

const [base, picture, label, large, itsLabel, huge] = process.argv.slice(2);
const png = { "Content-Type": "image/png" };

async function post(path, options) {
  const answer = await fetch(base + path, { method: "POST", ...options });
  console.log(`${await answer.text()} ${answer.status}`);
}

const one = new FormData();
one.append("file", await openAsBlob(picture), "digit.png");
const several = new FormData();
several.append("files", await openAsBlob(picture), "digit.png");
several.append("files", await openAsBlob(large), "large.bmp");
several.append("labels", label);
several.append("labels", itsLabel);

await post("/predict", { body: one });
await post("/predict", { body: Readable.toWeb(createReadStream(picture)), duplex: "half", headers: png });
await post("/upload", { body: several });
await post("/retrain", { body: '{"epochs": 0}', headers: { "Content-Type": "application/json" } });
await post("/predict", { body: await openAsBlob(huge), headers: png });
