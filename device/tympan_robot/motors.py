# Two motors: drive, go a distance, turn by an angle. Integers only, nothing allocated while driving.
#
# No wheel has an encoder. update(), called every few ms, estimates the distance covered from the duty, the battery's
# voltage and the robot's constants. The dead-man (tympan.Deadman, a timer in C) stops the motors when update() is no
# longer called. When the goal is nearer than the dead-man's time, its timer is set to the moment of arrival: a program
# that is busy computing a window then does not overshoot.
#
# On the chip a PWM starts with half its duty for up to two periods, 0.4 ms, and once stopped it leaves its pin floating
# until it starts again. Both are too short to turn a wheel.
import time

from machine import PWM, Pin

FULL = 65535
FREQUENCY = 5000
BOOST = 15  # percent added below which a motor only hums
BATTERY_MV = 4000  # assumed until it is measured
# um/s times us is um times 1000000. Both factors are first divided by 16, so that the product, at most 250000 um/s for
# one second, stays below 2 ** 30, where MicroPython's small integers end; so the divisor is 1000000 / 256.
UM_S_US = 1000000 >> 8


class Motors:
    def __init__(self, pins, settings, deadman=None):
        # pins, settings: as settings.load() gives them; deadman: tympan.Deadman over .numbers(pins), or None
        self.limit = settings["limit"]
        self.speed = settings["speed"]
        self._brake = settings["brake"]
        self._deadman_ms = settings["deadman_ms"]
        self._ramp_us = settings["ramp_ms"] * 1000
        # um per second and volt of a wheel at full duty; um that each wheel covers in a turn by one degree
        self._pace = int(3.14159265 * settings["wheel_mm"] * settings["rpm_per_volt"] * 1000 / 60)
        self._degree = int(3.14159265 * settings["track_mm"] * 1000 / 360)
        self._deadman = deadman
        self._trips = deadman.trips() if deadman else 0
        self._pwm = [PWM(Pin(n), freq=FREQUENCY, duty_u16=0) for n in self.numbers(pins)]
        self._take_pins()  # an earlier program's dead-man may still hold them
        self._duty = [0, 0]  # left, right: -FULL to FULL
        self._target = [0, 0]
        self._left_um = 0  # to the goal, per wheel; 0: no goal
        self._to_goal = False  # whether the dead-man is set to the moment of arrival
        self._event = None  # what update() has yet to tell
        self._last = time.ticks_us()
        self.set_battery(BATTERY_MV)
        self.stop()

    @staticmethod
    def numbers(pins):
        return (pins["left_forward"], pins["left_back"], pins["right_forward"], pins["right_back"])

    def set_battery(self, mv):
        self._full_um_s = min(self._pace * min(mv, 9000) // 1000, 250000)

    def _duty_of(self, percent):
        percent = int(percent)
        size = min(abs(percent), 100)
        if size and size < BOOST:
            size += BOOST
        size = min(size, self.limit) * FULL // 100
        return size if percent > 0 else -size

    def drive(self, left, right):
        # percent, -100 to 100, until told otherwise
        self._look_at_deadman()  # a trip that nobody has seen yet must not stop what is ordered now
        self._left_um = 0
        self._target[0] = self._duty_of(left)
        self._target[1] = self._duty_of(right)

    def forward(self, mm):
        # a distance, backwards where it is negative
        speed = self.speed if mm > 0 else -self.speed
        self._go(speed, speed, int(abs(mm) * 1000))

    def turn(self, degrees):
        # on the spot, to the left (counter-clockwise) where it is positive
        speed = self.speed if degrees > 0 else -self.speed
        self._go(-speed, speed, int(abs(degrees) * self._degree))

    def _go(self, left, right, um):
        if not um:  # a goal of 0 stands for no goal, and the motors would never stop
            self.stop()
            return
        self.drive(left, right)
        self._left_um = um

    def stop(self):
        # at once
        self._left_um = 0
        for side in (0, 1):
            self._target[side] = self._duty[side] = 0
        level = FULL if self._brake else 0
        for pwm in self._pwm:
            pwm.duty_u16(level)
        if self._deadman:
            self._deadman.feed(0)  # last: should Ctrl-C interrupt stop() before this line, the dead-man still acts

    def moving(self):
        return self._duty[0] != 0 or self._duty[1] != 0 or self._target[0] != 0 or self._target[1] != 0

    def going_forward(self):
        return self._target[0] > 0 and self._target[1] > 0

    def update(self):
        # returns "arrived" or "deadman" where the motors have just stopped by themselves, else None
        now = time.ticks_us()
        us = max(0, min(time.ticks_diff(now, self._last), 1000000))  # negative after minutes without a call
        self._last = now
        self._look_at_deadman()
        if self._event:
            event, self._event = self._event, None
            return event
        if not self.moving():
            return None
        if self._left_um and self._arrived(us):
            self.stop()
            return "arrived"
        step = FULL * (us >> 4) // (self._ramp_us >> 4)
        for side in (0, 1):
            self._ramp(side, step)
        self._feed()
        return None

    def _um_s(self):
        # mean speed of the two wheels at the present duty, negative while they still turn away from the goal;
        # full speed * duty / 65536, its shift split so that the product stays a small integer
        duty = self._towards(0) + self._towards(1) >> 1
        return (self._full_um_s >> 2) * (duty >> 4) >> 10

    def _towards(self, side):
        return self._duty[side] if self._target[side] > 0 else -self._duty[side]

    def _arrived(self, us):
        self._left_um -= (self._um_s() >> 4) * (us >> 4) // UM_S_US
        if self._left_um > 0:
            return False
        self._left_um = 0
        return True

    def _ramp(self, side, step):
        duty, target = self._duty[side], self._target[side]
        if duty < target:
            duty = min(duty + step, target)
        elif duty > target:
            duty = max(duty - step, target)
        self._duty[side] = duty
        forward, back = self._pwm[2 * side], self._pwm[2 * side + 1]
        forward.duty_u16(duty if duty > 0 else 0)
        back.duty_u16(-duty if duty < 0 else 0)

    def _feed(self):
        if not self._deadman:
            return
        ms = self._deadman_ms
        um_ms = self._um_s() // 1000
        self._to_goal = False
        if self._left_um and um_ms > 0 and self._left_um // um_ms <= ms:
            ms = max(1, self._left_um // um_ms)
            self._to_goal = True
        self._deadman.feed(ms)

    def _take_pins(self):
        # back from the dead-man, with the motors stopped
        for pwm in self._pwm:
            pwm.deinit()  # without it init() does not connect the pin to the PWM again
            pwm.init(freq=FREQUENCY, duty_u16=FULL if self._brake else 0)

    def _look_at_deadman(self):
        # after it has stopped the motors it holds their pins: take them back
        if not self._deadman or self._deadman.trips() == self._trips:
            return
        self._trips = self._deadman.trips()
        arrived = self._left_um and self._to_goal
        self._take_pins()
        self.stop()
        self._event = "arrived" if arrived else "deadman"
