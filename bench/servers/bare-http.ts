import { createServer } from "node:http";

const body = JSON.stringify({ status: "ok" });

createServer((_, response) => {
  response.writeHead(200, {
    "content-type": "application/json; charset=utf-8",
    "content-length": body.length,
  });
  response.end(body);
}).listen(Number(process.env["PORT"]), process.env["HOST"], () =>
  console.log(`node:http on port :${process.env["PORT"]}`),
);
