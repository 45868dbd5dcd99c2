# The robot as a program sees it: it listens, moves and shows, and keeps itself safe meanwhile.
#
#     def run(robot):
#         while True:
#             word = robot.listen()
#             if word:
#                 robot.obey(word)
#
# listen() returns every few ms, mostly with None; whatever a program does in between should be short.
# Lines that begin with "@" are for programs on the PC.
import time

import machine
from machine import Pin

from .boards import ADC_MV
from .console import put, put_next, say
from .feedback import Feedback
from .microphone import Microphone
from .motors import Motors
from .settings import Unready
from .voltmeter import Voltmeter

try:
    import tympan
except ImportError:  # stock firmware: everything but hearing words
    tympan = None

OBSTACLE_MV = 504  # an infrared sensor gives less when something is near: the maker's 10000 of 65535, of 3.3 V
LOW_BATTERY_MV = 3500
ROUND_MS = 20  # between looks at the sensors
SLOW_MS = 2000  # between looks at the battery
QUIET_MS = 10000  # of silence before a light sleep
LOOK_MS = 120  # how long the level is looked at between two sleeps


class Robot:
    def __init__(self, settings, report=False):
        # report: print a line for each window
        pins = settings["pins"]
        self.settings = settings
        self.report = report
        deadman = tympan.Deadman(Motors.numbers(pins), settings["motors"]["brake"]) if tympan else None
        self.motors = Motors(pins, settings["motors"], deadman)
        self.feedback = Feedback(pins, settings["feedback"])
        self.feedback.show("starting")
        self.button = Pin(pins["button"], Pin.IN, Pin.PULL_UP)
        self.battery_mv = 0
        self.listener = None  # until the first listen()
        self.microphone = None
        self._vbus = Pin(pins["vbus"], Pin.IN)
        full_mv = ADC_MV[settings["board"]]
        self._battery = Voltmeter(pins["battery"], full_mv)
        self._obstacles = [Voltmeter(n, full_mv) for n in pins["obstacles"]]
        self._watchdog = None
        self._warned = False
        self._silent = False  # the microphone has stalled, and no sound came since
        self._sleep_ms = settings["light_sleep_ms"]
        self._round = self._slow = self._loud = time.ticks_ms()
        machine.freq(settings["cpu_mhz"] * 1000000)
        self.look_at_battery()

    # ---- hearing ----

    def start_listening(self):
        # called by the first listen(), so that programs that only drive need no model
        if not tympan:
            raise Unready("this firmware hears no words: it has no module tympan. wiring_check and record run.")
        from .listener import Listener
        from .swap import load_model

        self.close_ears()
        microphone = self.settings["microphone"]
        self.listener, name = load_model(
            say, lambda model: Listener(model, self.settings["listening"], microphone["gain"])
        )
        model = self.listener.model
        if self.report:
            say("@labels", " ".join(model.labels))
            self.listener.on_window = report_window
        self.microphone = Microphone(
            self.settings["pins"], microphone["slot"], self.listener.block, microphone["data_delay"]
        )
        self.microphone.open()
        self._start_watchdog()
        self.feedback.show("listening")
        if self.listener.refused:
            say("Every window is computed anew:", self.listener.refused)
        say("listening with", name, "for:", " ".join(w for w in model.labels if w[0] != "_"))
        self._look_at_words(model.labels)

    def _look_at_words(self, labels):
        words = self.settings["words"]
        for word in sorted(words):
            if words[word] not in ACTIONS:
                say("settings.json: words:", word, "has no action", words[word])
        deaf = [word for word in sorted(words) if word not in labels]
        if deaf:
            say("settings.json: words: this model does not hear", ", ".join(deaf))

    def close_ears(self):
        if self.microphone:
            self.microphone.close()
        self.microphone = self.listener = None
        self._silent = False

    def listen(self):
        # a word that was just heard, mostly None
        if self.listener is None:
            self.start_listening()
        self.update()
        block = self.microphone.poll()
        wrong = self.microphone.stalled()
        if wrong:
            self._deaf(wrong)
            return None
        if block is None:
            # a robot that stands still lets the chip rest until the next block is near
            time.sleep_ms(1 if self.motors.moving() else 20)
            return None
        if self._silent and not self.microphone.still:
            self._silent = False
            self.feedback.show("listening")
        label = self.listener.take_slots(block, self.microphone.channels, self.microphone.channel)
        lost = self.microphone.release()
        if self._sleep_ms and self._quiet():
            self._doze()
        if lost:
            say("@lost", lost)
            say("The loop was late:", lost, "ms of sound are lost.")
        if label < 0:
            return None
        return self._heard(label)

    def _quiet(self):
        # whether nothing was heard and nothing moved for QUIET_MS; never with USB attached, which a sleep cuts off
        if self.listener.leader >= 0 or self.motors.moving() or self._vbus.value():
            self._loud = time.ticks_ms()
        return time.ticks_diff(time.ticks_ms(), self._loud) > QUIET_MS

    def _doze(self):
        # sleeps for light_sleep_ms, during which nothing is heard, then looks at the level for LOOK_MS, until it is
        # loud. The sound that ends this is not recognised as a word: the stream begins behind it.
        self.feedback.show("off")
        while True:
            self.microphone.close()
            machine.lightsleep(self._sleep_ms)
            self.microphone.open()
            self.listener.reset()
            until = time.ticks_add(time.ticks_ms(), LOOK_MS)
            while time.ticks_diff(until, time.ticks_ms()) > 0:
                block = self.microphone.poll()
                if block:
                    self.listener.take_slots(block, self.microphone.channels, self.microphone.channel)
                    self.microphone.release()
                time.sleep_ms(1)
            if self._watchdog:
                self._watchdog.feed()
            # a dead microphone ends this too: listen() then says so
            if self._vbus.value() or self.microphone.still or self.listener.stream.level() >= self.listener.gate:
                break
        self._loud = time.ticks_ms()
        self.feedback.show("listening")

    def _heard(self, label):
        word = self.listener.labels[label]
        self.feedback.show("heard")
        say("@heard", word, self.listener.decision.confidence, self.listener.stream.frames * self.listener.frame_ms)
        return word

    def _deaf(self, wrong):
        # a robot that cannot hear "stop" must not drive; while this lasts update() keeps it standing
        self.motors.stop()
        self.microphone.restart()
        self.listener.reset()
        self.feedback.show("deaf")
        say("@stall", self.microphone.stalls)
        if not self._silent:
            self._silent = True
            say("The microphone", wrong + "; it was started again. Its wires: mic_check() at the REPL.")

    # ---- doing ----

    def obey(self, word):
        # the action that settings.json gives a word
        name = self.settings["words"].get(word)
        action = ACTIONS.get(name)
        if action is None:
            self.feedback.show("refused")
            say("no action for", word) if name is None else say("settings.json: words: there is no action", name)
            return
        say("@move", name)
        action(self)

    def stop(self):
        self.motors.stop()

    def forward(self, mm):
        if mm > 0 and self.obstacle():
            self._refuse()
        else:
            self.motors.forward(mm)

    def turn(self, degrees):
        self.motors.turn(degrees)

    def go(self):
        # until told otherwise
        if self.obstacle():
            self._refuse()
        else:
            self.motors.drive(self.motors.speed, self.motors.speed)

    def wait(self, ms=0):
        # listens while ms pass, or while the motors move; returns the word that ended it, or None
        until = time.ticks_add(time.ticks_ms(), ms)
        while self.motors.moving() if not ms else time.ticks_diff(until, time.ticks_ms()) > 0:
            word = self.listen()
            if word:
                return word
        return None

    # ---- keeping safe ----

    def update(self):
        # called by listen(); a program that does not listen calls it itself, every few ms
        if self._silent and self.motors.moving():
            self.motors.stop()
        event = self.motors.update()
        if event:
            say("@move", event)
        if event == "deadman":
            say("The loop stood still; the motors were stopped.")
        self.feedback.update()
        if self._watchdog:
            self._watchdog.feed()
        now = time.ticks_ms()
        if time.ticks_diff(now, self._round) >= ROUND_MS:
            self._round = now
            if self.motors.going_forward() and self.obstacle():
                self._refuse()
        if time.ticks_diff(now, self._slow) >= SLOW_MS:
            self._slow = now
            self.look_at_battery()

    def obstacle(self):
        for sensor in self._obstacles:
            if sensor.mv() < OBSTACLE_MV:
                return True
        return False

    def obstacle_mv(self):
        # what each sensor gives
        return [sensor.mv() for sensor in self._obstacles]

    def _refuse(self):
        self.motors.stop()
        self.feedback.show("refused")
        say("@move obstacle")

    def look_at_battery(self):
        mv = 2 * self._battery.mv()  # behind a divider by two
        self.battery_mv = mv
        if mv < 1000:  # on USB alone
            return
        self.motors.set_battery(mv)
        if mv < LOW_BATTERY_MV:
            self.feedback.show("low battery")
            if not self._warned:
                self._warned = True
                say("The battery is low:", mv, "mV.")

    def _start_watchdog(self):
        # never with USB attached: once started it cannot be stopped, and would reset the chip during work at the REPL
        if self.settings["watchdog"] and not self._watchdog and not self._vbus.value():
            self._watchdog = machine.WDT(timeout=8000)

    def close(self):
        self.motors.stop()
        self.close_ears()
        self.feedback.show("off")


def report_window(listener):
    put("@window")
    put_next(listener.stream.frames * listener.frame_ms)
    put_next(listener.level)
    for probability in listener.probabilities:
        put_next(probability)
    put("\n")


# what settings.json may give a word to do
ACTIONS = {
    "go": Robot.go,
    "stop": Robot.stop,
    "forward": lambda robot: robot.forward(robot.settings["motors"]["distance_mm"]),
    "backward": lambda robot: robot.forward(-robot.settings["motors"]["distance_mm"]),
    "left": lambda robot: robot.turn(robot.settings["motors"]["angle"]),
    "right": lambda robot: robot.turn(-robot.settings["motors"]["angle"]),
    "light_on": lambda robot: robot.feedback.show("light"),
    "light_off": lambda robot: robot.feedback.show("listening"),
    "cheer": lambda robot: robot.turn(360),
    "sulk": lambda robot: robot.forward(-robot.settings["motors"]["distance_mm"] // 2),
}
