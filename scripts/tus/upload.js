// Uploads a file with tus-js-client: upload.js PARALLEL ENDPOINT FILE. Each of the parallel uploads is one request, until it is cut.
'use strict';

const fs = require('node:fs');
const tus = require('tus-js-client');

const [parallel, endpoint, path] = process.argv.slice(2);
const upload = new tus.Upload(fs.createReadStream(path), {
  endpoint,
  parallelUploads: Number(parallel),
  retryDelays: Array(100).fill(200),
  metadata: { filename: 'large.ppm', filetype: 'image/x-portable-pixmap' },
  onError: (error) => {
    console.error(error);
    process.exit(1);
  },
  onSuccess: () => console.log(upload.url),
});
upload.start();
