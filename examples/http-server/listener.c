/* SPDX-License-Identifier: MIT */
#include "listener.h"
#include "log.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define RETRY_MS 100 /* after a client could not be taken in for want of descriptors or memory */

/* ---- the socket ---- */

static socklen_t make_address(const char *text, unsigned port, struct sockaddr_storage *address)
{
    struct sockaddr_in *four = (struct sockaddr_in *)address;
    struct sockaddr_in6 *six = (struct sockaddr_in6 *)address;

    memset(address, 0, sizeof *address);
    if (inet_pton(AF_INET, text, &four->sin_addr) == 1) {
        four->sin_family = AF_INET;
        four->sin_port = htons((in_port_t)port);
        return sizeof *four;
    }
    if (inet_pton(AF_INET6, text, &six->sin6_addr) == 1) {
        six->sin6_family = AF_INET6;
        six->sin6_port = htons((in_port_t)port);
        return sizeof *six;
    }
    return 0;
}

static unsigned bound_port(int listener)
{
    struct sockaddr_storage address = {.ss_family = AF_UNSPEC};
    socklen_t length = sizeof address;

    if (getsockname(listener, (struct sockaddr *)&address, &length) != 0)
        return 0;
    return ntohs(address.ss_family == AF_INET ? ((struct sockaddr_in *)&address)->sin_port
                                              : ((struct sockaddr_in6 *)&address)->sin6_port);
}

static int bind_socket(const struct sockaddr_storage *address, socklen_t length)
{
    int yes = 1, bound = socket(address->ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (bound >= 0 && setsockopt(bound, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) == 0 &&
        bind(bound, (const struct sockaddr *)address, length) == 0 &&
        listen(bound, SOMAXCONN) == 0 && fcntl(bound, F_SETFL, O_NONBLOCK) == 0)
        return bound;
    if (bound >= 0)
        close(bound);
    return -1;
}

bool listener_open(struct listener *listener, const char *address, unsigned port)
{
    struct sockaddr_storage bound;
    socklen_t length = make_address(address, port, &bound);

    *listener = (struct listener){.socket = -1};
    if (length == 0) {
        log_line("--listen: %s is no IP address", address);
        return false;
    }
    listener->socket = bind_socket(&bound, length);
    if (listener->socket >= 0 && pipe2(listener->stop, O_CLOEXEC) == 0) {
        listener->port = bound_port(listener->socket);
        return true;
    }
    log_line("cannot listen on %s, port %u: %s", address, port, strerror(errno));
    if (listener->socket >= 0)
        close(listener->socket);
    return false;
}

void listener_close(struct listener *listener)
{
    close(listener->socket);
    close(listener->stop[0]);
    close(listener->stop[1]);
}

/* ---- the thread ---- */

/* False: it is time to stop. */
static bool wait_for(struct listener *listener, int timeout_ms, bool for_clients)
{
    struct pollfd waited[2] = {{.fd = listener->stop[0], .events = POLLIN},
                               {.fd = listener->socket, .events = POLLIN}};

    poll(waited, for_clients ? 2 : 1, timeout_ms);
    return waited[0].revents == 0;
}

/* Takes in one client who waits; false when that had better be tried again later. */
static bool take_in(struct listener *listener)
{
    struct sockaddr_storage address;
    socklen_t length = sizeof address;
    int client = accept4(listener->socket, (struct sockaddr *)&address, &length,
                         SOCK_CLOEXEC | SOCK_NONBLOCK);
    bool is_scarce = errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM;

    /* libmicrohttpd closes the client's socket when it cannot take it. */
    if (client >= 0 && MHD_add_connection(listener->daemon, client, (struct sockaddr *)&address,
                                          length) == MHD_YES)
        return true;
    connections_give_place_back(listener->connections);
    return client < 0 && !is_scarce;
}

static void *take_clients_in(void *context)
{
    struct listener *listener = context;

    while (connections_take_place(listener->connections)) {
        if (!wait_for(listener, -1, true))
            break;
        if (!take_in(listener) && !wait_for(listener, RETRY_MS, false))
            break;
    }
    return NULL;
}

bool listener_start(struct listener *listener, struct connections *connections,
                    struct MHD_Daemon *daemon)
{
    listener->connections = connections;
    listener->daemon = daemon;
    return pthread_create(&listener->thread, NULL, take_clients_in, listener) == 0;
}

void listener_stop(struct listener *listener)
{
    while (write(listener->stop[1], "", 1) < 0 && errno == EINTR)
        ;
    pthread_join(listener->thread, NULL);
    listener_close(listener);
}
