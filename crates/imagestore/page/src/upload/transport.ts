import { DefaultHttpStack, type HttpRequest, type HttpResponse, type HttpStack } from "tus-js-client";

/**
 * Requests of the tus client, by paths alone: behind a proxy, `Location` may name the service by another origin than that of the page, which
 * alone the page may speak to.
 */
export class PathsAlone implements HttpStack {
  private readonly requests = new DefaultHttpStack({});

  createRequest(method: string, url: string): HttpRequest {
    const request = this.requests.createRequest(method, pathOf(url));
    const send = request.send.bind(request);
    request.send = async (body) => withPaths(await send(body));
    return request;
  }

  getName(): string {
    return "PathsAlone";
  }
}

function withPaths(response: HttpResponse): HttpResponse {
  const header = response.getHeader.bind(response);
  response.getHeader = (name) => {
    const value = header(name);
    return value && name.toLowerCase() === "location" ? pathOf(value) : value;
  };
  return response;
}

/** An address without its origin. */
export function pathOf(url: string): string {
  const { pathname, search } = new URL(url, window.location.origin);
  return pathname + search;
}
