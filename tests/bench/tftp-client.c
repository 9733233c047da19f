/* SPDX-License-Identifier: BSD-2-Clause */
#include "tftp-client.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define RETRANSMIT_NS INT64_C(1000000000)

int64_t monotonic_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

static const struct step *current_step(const struct client *client)
{
	return &client->load->script->steps[client->step];
}

static const struct reference *current_reference(const struct client *client)
{
	return &client->load->script
			->references[current_step(client)->reference];
}

/* --- Ends --- */

static void leave_socket(struct client *client)
{
	/* epoll forgets a descriptor when it is closed. */
	if (client->fd >= 0)
		close(client->fd);
	client->fd = -1;
}

static void end(struct client *client)
{
	leave_socket(client);
	client->load->running--;
}

/*
 * Tells the server, which would otherwise repeat its last packet for half a
 * minute and count the transfer against its limit.  Nothing depends on it.
 */
static void send_farewell(const struct client *client, const char *message)
{
	unsigned char packet[TFTP_SENT_MAX_BYTES];
	size_t length = tftp_put_error(packet, TFTP_NOT_DEFINED, message);

	if (client->answered)
		(void)!send(client->fd, packet, length, MSG_DONTWAIT);
}

__attribute__((format(printf, 3, 4))) static void
fail(struct client *client, enum fault kind, const char *format, ...)
{
	const struct step *step = current_step(client);
	char path[TFTP_PATH_MAX_CHARS + 1];
	char message[128];
	char example[sizeof(client->load->tally->faults[0].example)];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(message, sizeof(message), format, arguments);
	va_end(arguments);
	step_path(step, client->load->boards, client->number, path);
	snprintf(example, sizeof(example),
		 "client %u, %s %s, block %" PRIu64 ": %s", client->number,
		 step_word(step->kind), path, client->awaited, message);
	tally_fault(client->load->tally, kind, example);
	send_farewell(client, "not as expected");
	end(client);
}

/* --- Requests and acknowledgements --- */

/* Sends client->sent; false when the client has ended over it. */
static bool send_packet(struct client *client)
{
	const struct load *load = client->load;
	/* Only the request goes to the server's own port. */
	const struct sockaddr *to =
		client->answered ? NULL :
				   (const struct sockaddr *)&load->server;
	socklen_t to_length = client->answered ? 0 : sizeof(load->server);

	client->sent_ns = monotonic_ns();
	if (sendto(client->fd, client->sent, client->sent_length, MSG_DONTWAIT,
		   to, to_length) >= 0)
		return true;
	/* As good as lost on the way: it is repeated. */
	if (errno == EAGAIN || errno == ENOBUFS)
		return true;
	fail(client, FAULT_SYSTEM, "cannot send: %s", strerror(errno));
	return false;
}

/* A new port for each request, as a Pi does. */
static bool open_socket(struct client *client)
{
	struct epoll_event event = {
		.events = EPOLLIN,
		.data.ptr = client,
	};

	client->fd =
		socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (client->fd >= 0 && epoll_ctl(client->load->epoll_fd, EPOLL_CTL_ADD,
					 client->fd, &event) == 0)
		return true;
	fail(client, FAULT_SYSTEM, "no socket: %s", strerror(errno));
	return false;
}

static void send_request(struct client *client)
{
	struct tally *tally = client->load->tally;
	char path[TFTP_PATH_MAX_CHARS + 1];

	client->answered = false;
	client->awaited = 0;
	if (!open_socket(client))
		return;
	step_path(current_step(client), client->load->boards, client->number,
		  path);
	client->sent_length =
		tftp_put_request(client->sent, path, client->load->blksize);
	client->requested_ns = monotonic_ns();
	client->progress_ns = client->requested_ns;
	if (tally->first_request_ns == 0)
		tally->first_request_ns = client->requested_ns;
	send_packet(client);
}

void client_start(struct client *client, struct load *load, unsigned int number)
{
	*client = (struct client){
		.load = load,
		.number = number,
		.fd = -1,
	};
	load->running++;
	send_request(client);
}

/* The current step went as it should. */
static void next_step(struct client *client, uint64_t *counter)
{
	*counter += 1;
	leave_socket(client);
	client->step++;
	if (client->step == client->load->script->step_count)
		end(client);
	else
		send_request(client);
}

static bool send_ack(struct client *client, uint64_t block)
{
	/* Block numbers go on with 0 after 65535. */
	client->sent_length = tftp_put_ack(client->sent, (uint16_t)block);
	if (!send_packet(client))
		return false;
	client->progress_ns = client->sent_ns;
	return true;
}

/* --- Receiving --- */

/*
 * Whether the OACK grants what was asked for and tells the right size; a fault
 * otherwise.  A transfer with other options is not the one to be measured.
 */
static bool check_options(struct client *client, size_t length)
{
	const struct load *load = client->load;
	size_t size_bytes = current_reference(client)->size_bytes;
	struct tftp_options options;

	if (!tftp_get_options(load->received, length, &options)) {
		fail(client, FAULT_OPTIONS, "a wrong OACK");
		return false;
	}
	if (!options.has_tsize || !options.has_blksize) {
		fail(client, FAULT_OPTIONS, "no %s in the OACK",
		     options.has_tsize ? "blksize" : "tsize");
		return false;
	}
	if (options.blksize != load->blksize) {
		fail(client, FAULT_OPTIONS,
		     "the server grants blksize %" PRIu64, options.blksize);
		return false;
	}
	if (options.tsize != size_bytes) {
		fail(client, FAULT_TSIZE,
		     "tsize is %" PRIu64 ", the reference has %zu bytes",
		     options.tsize, size_bytes);
		return false;
	}
	return true;
}

static void take_options(struct client *client, size_t length)
{
	if (client->awaited > 0)
		return; /* repeated: our own timer sees to a lost ACK */
	if (current_step(client)->kind == STEP_MISS) {
		fail(client, FAULT_FOUND, "the file is there");
		return;
	}
	if (!check_options(client, length))
		return;
	if (current_step(client)->kind == STEP_PROBE) {
		send_farewell(client, "Early terminate");
		next_step(client, &client->load->tally->probes);
		return;
	}
	client->awaited = 1;
	send_ack(client, 0);
}

/* Whether the CONTENT of the awaited block is right; a fault otherwise. */
static bool compare_block(struct client *client, const unsigned char *content,
			  size_t length, bool *ret_last)
{
	const struct reference *reference = current_reference(client);
	size_t blksize = client->load->blksize;
	/* Not beyond the end: every block before this one was full. */
	size_t offset = (size_t)(client->awaited - 1) * blksize;
	size_t left = reference->size_bytes - offset;
	size_t expected = left < blksize ? left : blksize;
	size_t i = 0;

	if (length != expected) {
		fail(client, FAULT_LENGTH, "it has %zu bytes instead of %zu",
		     length, expected);
		return false;
	}
	if (memcmp(content, reference->bytes + offset, length) != 0) {
		while (content[i] == reference->bytes[offset + i])
			i++;
		fail(client, FAULT_CONTENT,
		     "differs from the reference at byte %zu of the file",
		     offset + i);
		return false;
	}
	*ret_last = length < blksize;
	return true;
}

static void take_block(struct client *client, size_t length)
{
	const unsigned char *packet = client->load->received;
	int16_t ahead = (int16_t)(get_be16(packet + 2) - client->awaited);
	struct tally *tally = client->load->tally;
	bool last;

	if (current_step(client)->kind == STEP_MISS) {
		fail(client, FAULT_FOUND, "the file is there");
		return;
	}
	if (client->awaited == 0) {
		fail(client, FAULT_OPTIONS, "the server ignores all options");
		return;
	}
	if (ahead < 0)
		return; /* repeated: another ACK would have it all sent twice */
	if (ahead > 0) {
		fail(client, FAULT_PROTOCOL, "block number %u came instead",
		     get_be16(packet + 2));
		return;
	}
	length -= TFTP_HEADER_BYTES;
	if (!compare_block(client, packet + TFTP_HEADER_BYTES, length, &last))
		return;
	tally->bytes += length;
	if (send_ack(client, client->awaited++) && last)
		next_step(client, &tally->gets);
}

static void take_error(struct client *client, size_t length)
{
	const unsigned char *packet = client->load->received;
	uint16_t code = get_be16(packet + 2);
	char text[80];

	if (current_step(client)->kind == STEP_MISS && code == TFTP_NOT_FOUND) {
		next_step(client, &client->load->tally->misses);
		return;
	}
	tftp_get_message(packet, length, text, sizeof(text));
	fail(client, FAULT_ERROR, "the server sent error %u: %s", code, text);
}

static void take_packet(struct client *client, size_t length)
{
	uint16_t operation;

	if (length < TFTP_HEADER_BYTES) {
		fail(client, FAULT_PROTOCOL, "a packet of %zu bytes", length);
		return;
	}
	operation = get_be16(client->load->received);
	switch (operation) {
	case TFTP_OACK:
		take_options(client, length);
		break;
	case TFTP_DATA:
		take_block(client, length);
		break;
	case TFTP_ERROR:
		take_error(client, length);
		break;
	default:
		fail(client, FAULT_PROTOCOL, "a packet of operation %u",
		     operation);
	}
}

/* The first answer tells the port that the rest of the transfer is with. */
static bool follow_server(struct client *client, const struct sockaddr_in *from)
{
	struct tally *tally = client->load->tally;

	if (from->sin_addr.s_addr != client->load->server.sin_addr.s_addr)
		return false;
	if (connect(client->fd, (const struct sockaddr *)from, sizeof(*from)) <
	    0) {
		fail(client, FAULT_SYSTEM, "cannot connect: %s",
		     strerror(errno));
		return false;
	}
	client->answered = true;
	tally_latency(tally, tally->last_answer_ns - client->requested_ns);
	return true;
}

void client_receive(struct client *client)
{
	struct load *load = client->load;
	struct sockaddr_in from = { .sin_family = AF_UNSPEC };
	socklen_t from_length = sizeof(from);
	ssize_t length =
		recvfrom(client->fd, load->received, sizeof(load->received),
			 MSG_DONTWAIT, (struct sockaddr *)&from, &from_length);

	if (length < 0) {
		/* The kernel drops a damaged packet only when it is read. */
		if (errno != EAGAIN)
			fail(client, FAULT_SYSTEM, "cannot receive: %s",
			     strerror(errno));
		return;
	}
	load->tally->last_answer_ns = monotonic_ns();
	if (!client->answered && !follow_server(client, &from))
		return;
	take_packet(client, (size_t)length);
}

void client_tick(struct client *client, int64_t now_ns)
{
	if (client->fd < 0)
		return;
	if (now_ns - client->progress_ns >= client->load->patience_ns) {
		fail(client, FAULT_SILENCE,
		     "%s from the server for %" PRId64 " s",
		     client->answered ? "nothing new" : "no answer",
		     client->load->patience_ns / INT64_C(1000000000));
		return;
	}
	if (now_ns - client->sent_ns >= RETRANSMIT_NS) {
		client->load->tally->retransmits++;
		send_packet(client);
	}
}
