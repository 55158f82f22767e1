/* A driver for a chip on a bus: words of packets through its registers (docs/verilog.md). */
#ifndef AXONLOOP_BUS_H
#define AXONLOOP_BUS_H

#include "axonloop.h" /* written by: axonloop verilog --top wishbone --with-headers */

static volatile uint32_t *axonloop_register(uint32_t offset)
{
    return (volatile uint32_t *)(AXONLOOP_ADDRESS_ON_BUS + offset);
}

/* Send words; waits while the queue to the chip is full. */
static void axonloop_send(const uint32_t *words, uint32_t count)
{
    while (count) {
        uint32_t room = *axonloop_register(AXONLOOP_BUS_ROOM);
        for (; room && count; room--, count--)
            *axonloop_register(AXONLOOP_BUS_COMMAND) = *words++;
    }
}

static void axonloop_send_word(uint32_t word)
{
    axonloop_send(&word, 1);
}

/* The next word from the chip; waits for it. */
static uint32_t axonloop_hear(void)
{
    while (!*axonloop_register(AXONLOOP_BUS_LEVEL))
        ;
    return *axonloop_register(AXONLOOP_BUS_REPLY);
}

static uint32_t axonloop_kind(uint32_t word)
{
    return word >> 28;
}

static uint32_t axonloop_argument(uint32_t word)
{
    return word & 0xfffff;
}

#endif
