// The least that makes sharp a server: GET /FORMAT/WIDTHxHEIGHT/QUALITY/NAME fits a file of the folder into the box.
'use strict';

const http = require('node:http');
const path = require('node:path');
const { readFile } = require('node:fs/promises');
const sharp = require('sharp');

const [folder, port] = process.argv.slice(2);
// Every request is to be worked on: libvips would keep what it has read.
sharp.cache(false);

// sharp's own defaults but for AVIF: its default effort takes seconds a picture, its default is without chroma subsampling.
const settings = {
  jpeg: (quality) => ({ quality }),
  png: () => ({}),
  webp: (quality) => ({ quality }),
  avif: (quality) => ({ quality, effort: 0, chromaSubsampling: '4:2:0' }),
};

async function answer(request, response) {
  const [, format, box, quality, name] = request.url.split('/');
  const [width, height] = box.split('x').map(Number);
  const source = await readFile(path.join(folder, path.basename(name)));
  const bytes = await sharp(source)
    .autoOrient()
    .resize(width, height, { fit: 'inside', withoutEnlargement: true })
    .toFormat(format, settings[format](Number(quality)))
    .toBuffer();
  response.writeHead(200, { 'content-type': `image/${format}`, 'content-length': bytes.length });
  response.end(bytes);
}

http
  .createServer((request, response) => {
    answer(request, response).catch((error) => response.writeHead(500).end(String(error)));
  })
  .listen(Number(port), '127.0.0.1');
