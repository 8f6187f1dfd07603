// axios: node axios.cjs BASE PICTURE LABEL LARGE ITS-LABEL HUGE
const { createReadStream, readFileSync } = require("node:fs");
const axios = require("axios");

const [base, picture, label, large, itsLabel, huge] = process.argv.slice(2);
const client = axios.create({ baseURL: base, proxy: false, responseType: "text", validateStatus: null });
const kind = (type) => ({ headers: { "Content-Type": type } });

async function post(path, body, options) {
  const answer = await client.post(path, body, options);
  console.log(`${answer.data} ${answer.status}`);
}

async function main() {
  const form = "multipart/form-data"; // axios makes one of an object, and calls a list's files files[]
  const files = [createReadStream(picture), createReadStream(large)];
  await post("/predict", { file: createReadStream(picture) }, kind(form));
  await post("/predict", createReadStream(picture), kind("image/png"));
  await post("/upload", { files, labels: [label, itsLabel] }, kind(form));
  await post("/retrain", { epochs: 0 });
  await post("/predict", readFileSync(huge), kind("image/png"));
}

main();
